/* Diarizes an audio file and prints the turns as RTTM.
 *
 *   cargo build --release -p diarist-capi
 *   cc -I include examples/c/diarize.c target/release/libdiarist_c.a -lm -lpthread -ldl -o diarize
 *   ./diarize fixtures/audio/conversation.flac
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "diarist.h"

static bool show_progress(double processed_s, double total_s, void *user_data) {
    (void)user_data;
    fprintf(stderr, "\r%.0f of %.0f s", processed_s, total_s);
    return true; /* false would stop the diarization */
}

static int fail(diarist_status status) {
    fprintf(stderr, "%s\n", diarist_last_error());
    return (int)status;
}

int main(int argc, char **argv) {
    diarist_pipeline *pipeline = NULL;
    diarist_result *result = NULL;
    char *rttm = NULL;

    if (argc != 2) {
        fprintf(stderr, "usage: %s FILE\n", argv[0]);
        return 2;
    }
    diarist_status status = diarist_pipeline_new("{\"profile\": \"balanced\"}", 0, &pipeline);
    if (status != DIARIST_STATUS_OK) {
        return fail(status);
    }
    /* Any number of speakers. */
    status = diarist_diarize_file(pipeline, argv[1], 0, 0, show_progress, NULL, &result);
    diarist_pipeline_free(pipeline);
    if (status != DIARIST_STATUS_OK) {
        return fail(status);
    }
    status = diarist_result_rttm(result, &rttm);
    if (status == DIARIST_STATUS_OK) {
        fputs(rttm, stdout);
        fprintf(stderr, "\n%zu speakers\n", diarist_result_num_speakers(result));
    }
    diarist_string_free(rttm);
    diarist_result_free(result);
    return status == DIARIST_STATUS_OK ? 0 : fail(status);
}
