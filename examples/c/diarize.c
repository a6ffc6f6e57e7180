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
    diarist_diarizer *diarizer = NULL;
    diarist_diarization *diarization = NULL;
    char *rttm = NULL;

    if (argc != 2) {
        fprintf(stderr, "usage: %s FILE\n", argv[0]);
        return 2;
    }
    diarist_status status = diarist_diarizer_new("{\"profile\": \"balanced\"}", &diarizer);
    if (status != DIARIST_STATUS_OK) {
        return fail(status);
    }
    /* Any number of speakers. */
    status = diarist_diarize_file(diarizer, argv[1], 0, 0, show_progress, NULL, &diarization);
    diarist_diarizer_free(diarizer);
    if (status != DIARIST_STATUS_OK) {
        return fail(status);
    }
    status = diarist_diarization_rttm(diarization, &rttm);
    if (status == DIARIST_STATUS_OK) {
        fputs(rttm, stdout);
        fprintf(stderr, "\n%zu speakers\n", diarist_diarization_num_speakers(diarization));
    }
    diarist_string_free(rttm);
    diarist_diarization_free(diarization);
    return status == DIARIST_STATUS_OK ? 0 : fail(status);
}
