/* Diarizes audio while it arrives: reads 32-bit floats, mono at 16 kHz, from stdin, and writes
 * events as JSON Lines, then the turns as RTTM.
 *
 *   cargo build --release -p diarist-capi
 *   cc -I include examples/c/live.c target/release/libdiarist_c.a -lm -lpthread -ldl -o live
 *   ffmpeg -v error -i talk.mp3 -f f32le -ac 1 -ar 16000 - | ./live
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "diarist.h"

int main(void) {
    diarist_diarizer *diarizer = NULL;
    diarist_live *live = NULL;
    diarist_diarization *diarization = NULL;
    char *text = NULL;
    float samples[1600]; /* 0.1 s */

    diarist_status status = diarist_diarizer_new("{\"threads\": 1}", &diarizer);
    if (status == DIARIST_STATUS_OK) {
        /* Speakers are decided after 2 s, and a window is processed every 0.5 s. */
        status = diarist_live_new(diarizer, 2.0, 0.5, &live);
    }
    diarist_diarizer_free(diarizer);
    while (status == DIARIST_STATUS_OK) {
        size_t count = fread(samples, sizeof samples[0], sizeof samples / sizeof samples[0], stdin);
        if (count == 0) {
            break;
        }
        status = diarist_live_push(live, samples, count, &text);
        if (status == DIARIST_STATUS_OK) {
            fputs(text, stdout);
            fflush(stdout);
            diarist_string_free(text);
        }
    }
    if (status == DIARIST_STATUS_OK) {
        status = diarist_live_finish(live, &text, &diarization);
    }
    if (status == DIARIST_STATUS_OK) {
        fputs(text, stdout);
        diarist_string_free(text);
        status = diarist_diarization_rttm(diarization, &text);
    }
    if (status == DIARIST_STATUS_OK) {
        fputs(text, stdout);
        diarist_string_free(text);
    } else {
        fprintf(stderr, "%s\n", diarist_last_error());
    }
    diarist_diarization_free(diarization);
    diarist_live_free(live);
    return (int)status;
}
