/* What a caller can do wrong, and what the interface answers. Ends with 0 if every answer is as expected. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "diarist.h"

#define CHECK(condition)                                                                                             \
    do {                                                                                                             \
        if (!(condition)) {                                                                                          \
            const char *last = diarist_last_error();                                                                 \
            fprintf(stderr, "line %d: not " #condition "; last error: %s\n", __LINE__, last ? last : "none");        \
            exit(1);                                                                                                 \
        }                                                                                                            \
    } while (0)

#define CHECK_FAULT(call, status, part) CHECK((call) == (status) && strstr(diarist_last_error(), (part)) != NULL)

enum { RATE = 16000, SECONDS = 30 };

static bool stop(double processed_s, double total_s, void *user_data) {
    CHECK(processed_s <= total_s);
    ++*(int *)user_data;
    return false;
}

int main(void) {
    diarist_pipeline *pipeline = NULL;
    diarist_result *result = NULL;
    diarist_live *live = NULL;
    char *text = NULL;
    const char *label = NULL;
    diarist_turn turn;
    int calls = 0;

    CHECK(diarist_last_error() == NULL);
    CHECK(strlen(diarist_version()) >= 5);

    CHECK_FAULT(diarist_pipeline_new(NULL, 1, NULL), DIARIST_STATUS_INVALID_OPTION, "pipeline is NULL");
    CHECK_FAULT(diarist_pipeline_new("{", 1, &pipeline), DIARIST_STATUS_INVALID_OPTION, "settings: ");
    CHECK_FAULT(diarist_pipeline_new("{\"treshold\": 1}", 1, &pipeline), DIARIST_STATUS_INVALID_OPTION, "treshold");
    CHECK_FAULT(diarist_pipeline_new("{\"threshold\": 9}", 1, &pipeline), DIARIST_STATUS_INVALID_OPTION, "from 0 to 2");
    CHECK_FAULT(diarist_pipeline_new("{\"segmentation\": 1}", 1, &pipeline), DIARIST_STATUS_INVALID_OPTION, "a path");
    CHECK_FAULT(diarist_pipeline_new("{\"embedding\": \"missing.onnx\"}", 1, &pipeline), DIARIST_STATUS_WEIGHTS, "missing");
    CHECK_FAULT(diarist_pipeline_new("\xff", 1, &pipeline), DIARIST_STATUS_INVALID_OPTION, "UTF-8");
    CHECK(pipeline == NULL);
    CHECK(diarist_pipeline_new("{\"profile\": \"fast\"}", 1, &pipeline) == DIARIST_STATUS_OK);

    float *noise = malloc(sizeof(float) * RATE * SECONDS);
    CHECK(noise != NULL);
    for (int i = 0; i < RATE * SECONDS; ++i) {
        noise[i] = (float)(i * 7919 % 1000) / 5000.0f;
    }
    CHECK_FAULT(diarist_diarize_file(NULL, "a.wav", 0, 0, NULL, NULL, &result), DIARIST_STATUS_INVALID_OPTION, "pipeline is NULL");
    CHECK_FAULT(diarist_diarize_file(pipeline, NULL, 0, 0, NULL, NULL, &result), DIARIST_STATUS_INVALID_OPTION, "path is NULL");
    CHECK_FAULT(diarist_diarize_samples(pipeline, NULL, 9, 1, RATE, 0, 0, NULL, NULL, &result), DIARIST_STATUS_INVALID_OPTION, "samples is NULL");
    CHECK_FAULT(diarist_diarize_samples(pipeline, noise, 9, 0, RATE, 0, 0, NULL, NULL, &result), DIARIST_STATUS_INVALID_OPTION, "num_channels");
    CHECK_FAULT(diarist_diarize_samples(pipeline, noise, SIZE_MAX, 2, RATE, 0, 0, NULL, NULL, &result), DIARIST_STATUS_INVALID_OPTION, "memory");
    CHECK_FAULT(diarist_diarize_samples(pipeline, noise, SIZE_MAX / 4, 1, RATE, 0, 0, NULL, NULL, &result), DIARIST_STATUS_INVALID_OPTION, "array");
    CHECK_FAULT(diarist_diarize_samples(pipeline, noise, 9, 1, 1, 0, 0, NULL, NULL, &result), DIARIST_STATUS_INPUT, "rate");
    CHECK_FAULT(diarist_diarize_samples(pipeline, noise, 9, 1, RATE, 3, 2, NULL, NULL, &result), DIARIST_STATUS_INVALID_OPTION, "contradict");
    CHECK(diarist_diarize_samples(pipeline, noise, RATE * SECONDS, 1, RATE, 0, 0, stop, &calls, &result) == DIARIST_STATUS_CANCELLED);
    CHECK(calls == 1 && result == NULL);
    CHECK(diarist_diarize_samples(pipeline, noise, RATE * SECONDS / 2, 2, RATE, 0, 0, NULL, NULL, &result) == DIARIST_STATUS_OK);
    CHECK(diarist_result_duration(result) == SECONDS / 2);
    CHECK_FAULT(diarist_result_turn(result, 1000, &turn), DIARIST_STATUS_INVALID_OPTION, "no turn 1000");
    CHECK_FAULT(diarist_result_turn(result, 0, NULL), DIARIST_STATUS_INVALID_OPTION, "turn is NULL");
    CHECK_FAULT(diarist_result_speaker(result, 1000, &label), DIARIST_STATUS_INVALID_OPTION, "no speaker 1000");
    CHECK_FAULT(diarist_result_embedding(result, 1000, noise), DIARIST_STATUS_INVALID_OPTION, "no speaker 1000");
    CHECK_FAULT(diarist_result_rttm(NULL, &text), DIARIST_STATUS_INVALID_OPTION, "result is NULL");
    CHECK(diarist_result_num_turns(NULL) == 0 && diarist_result_num_speakers(NULL) == 0);
    diarist_result_free(result);

    CHECK_FAULT(diarist_live_new(pipeline, 20.0, 0.0, &live), DIARIST_STATUS_INVALID_OPTION, "latency");
    CHECK(diarist_live_new(pipeline, 0.0, 0.0, &live) == DIARIST_STATUS_OK);
    diarist_pipeline_free(pipeline);
    noise[5] = (float)strtod("nan", NULL);
    CHECK_FAULT(diarist_live_push(live, noise, 10, &text), DIARIST_STATUS_INPUT, "sample 5 of 10");
    CHECK(diarist_live_push(live, noise, 5, &text) == DIARIST_STATUS_OK && strcmp(text, "") == 0);
    diarist_string_free(text);
    CHECK(diarist_live_finish(live, &text, &result) == DIARIST_STATUS_OK);
    CHECK(diarist_result_num_turns(result) == 0);
    diarist_string_free(text);
    diarist_result_free(result);
    CHECK_FAULT(diarist_live_push(live, noise, 5, &text), DIARIST_STATUS_INVALID_OPTION, "has ended");
    CHECK_FAULT(diarist_live_finish(live, &text, &result), DIARIST_STATUS_INVALID_OPTION, "has ended");
    diarist_live_free(live);

    diarist_pipeline_free(NULL);
    diarist_result_free(NULL);
    diarist_live_free(NULL);
    diarist_string_free(NULL);
    free(noise);
    return 0;
}
