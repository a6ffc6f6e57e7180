/* Runs the networks over an audio file once, keeps their output in a file, and makes turns of it
 * for a number of speakers. The next run takes the file. Prints the turns as RTTM.
 *
 *   tools/install-capi.sh
 *   cc examples/c/cluster.c $(pkg-config --cflags --libs diarist) -o cluster
 *   ./cluster fixtures/audio/conversation.flac conversation.diarist 3
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "diarist.h"

static int fail(diarist_status status) {
    fprintf(stderr, "%s\n", diarist_last_error());
    return (int)status;
}

int main(int argc, char **argv) {
    diarist_diarizer *diarizer = NULL;
    diarist_analysis *analysis = NULL;
    diarist_diarization *diarization = NULL;
    char *rttm = NULL;

    if (argc != 4) {
        fprintf(stderr, "usage: %s AUDIO ANALYSIS SPEAKERS\n", argv[0]);
        return 2;
    }
    size_t speakers = (size_t)strtoul(argv[3], NULL, 10);
    diarist_status status = diarist_diarizer_new(NULL, &diarizer);
    if (status == DIARIST_STATUS_OK && diarist_analysis_open(argv[2], &analysis) != DIARIST_STATUS_OK) {
        status = diarist_analyze_file(diarizer, argv[1], NULL, NULL, &analysis);
        if (status == DIARIST_STATUS_OK) {
            status = diarist_analysis_save(analysis, argv[2]);
        }
    }
    if (status == DIARIST_STATUS_OK) {
        status = diarist_cluster(diarizer, analysis, speakers, speakers, NULL, 0, NULL, 0, &diarization);
    }
    if (status == DIARIST_STATUS_OK) {
        status = diarist_diarization_rttm(diarization, &rttm);
    }
    if (status == DIARIST_STATUS_OK) {
        fputs(rttm, stdout);
    }
    int code = status == DIARIST_STATUS_OK ? 0 : fail(status);
    diarist_string_free(rttm);
    diarist_diarization_free(diarization);
    diarist_analysis_free(analysis);
    diarist_diarizer_free(diarizer);
    return code;
}
