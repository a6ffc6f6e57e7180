/* Misuse of the interface, known people, saved analyses:
 * `misuse PEOPLE.db CLIP NEW.db CONVERSATION NEW.diarist`. Ends with 0 if every answer is as
 * expected. */
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

/* Makes the database at `path` with the voice in `clip`. */
static void known_people(const diarist_diarizer *diarizer, const char *path, const char *clip) {
    char *people = NULL;
    int calls = 0;
    CHECK_FAULT(diarist_speakers_list(path, &people), DIARIST_STATUS_INPUT, "no speaker database");
    CHECK_FAULT(diarist_speakers_enroll(NULL, path, "Ann", clip, NULL, NULL),
                DIARIST_STATUS_INVALID_OPTION, "diarizer is NULL");
    CHECK_FAULT(diarist_speakers_enroll(diarizer, path, NULL, clip, NULL, NULL),
                DIARIST_STATUS_INVALID_OPTION, "name is NULL");
    CHECK_FAULT(diarist_speakers_enroll(diarizer, path, " ", clip, NULL, NULL), DIARIST_STATUS_INPUT, "name");
    CHECK_FAULT(diarist_speakers_enroll(diarizer, path, "Ann", "missing.wav", NULL, NULL),
                DIARIST_STATUS_INPUT, "missing.wav");
    CHECK(diarist_speakers_enroll(diarizer, path, "Ann", clip, stop, &calls) == DIARIST_STATUS_CANCELLED);
    CHECK_FAULT(diarist_speakers_list(path, &people), DIARIST_STATUS_INPUT, "no speaker database");
    CHECK(diarist_speakers_enroll(diarizer, path, "Ann", clip, NULL, NULL) == DIARIST_STATUS_OK);
    CHECK(diarist_speakers_rename(path, "Ann", "Zo\xc3\xab") == DIARIST_STATUS_OK);
    CHECK_FAULT(diarist_speakers_rename(path, "Ann", "Bob"), DIARIST_STATUS_INPUT, "Ann");
    CHECK_FAULT(diarist_speakers_list(path, NULL), DIARIST_STATUS_INVALID_OPTION, "people is NULL");
    CHECK(diarist_speakers_list(path, &people) == DIARIST_STATUS_OK);
    CHECK(strstr(people, "\"name\":\"Zo\xc3\xab\"") != NULL && strstr(people, "\"num_enrolled\":1") != NULL);
    diarist_string_free(people);
    CHECK(diarist_speakers_remove(path, "Zo\xc3\xab") == DIARIST_STATUS_OK);
    CHECK_FAULT(diarist_speakers_remove(path, "Zo\xc3\xab"), DIARIST_STATUS_INPUT, "Zo");
    CHECK(diarist_speakers_list(path, &people) == DIARIST_STATUS_OK && strcmp(people, "[]") == 0);
    diarist_string_free(people);
}

static size_t num_speakers(const diarist_diarizer *diarizer, const diarist_analysis *analysis, size_t max_speakers,
                           const diarist_moments *same, const diarist_moments *different) {
    diarist_diarization *diarization = NULL;
    CHECK(diarist_cluster(diarizer, analysis, 0, max_speakers, same, same != NULL, different, different != NULL,
                          &diarization) == DIARIST_STATUS_OK);
    size_t speakers = diarist_diarization_num_speakers(diarization);
    diarist_diarization_free(diarization);
    return speakers;
}

/* Analyzes `audio`, saves the analysis at `path`, and clusters it in several ways. */
static void analyses(const diarist_diarizer *diarizer, const char *audio, const char *path) {
    diarist_analysis *analysis = NULL;
    diarist_diarization *diarization = NULL;
    int calls = 0;
    CHECK_FAULT(diarist_analyze_file(diarizer, "missing.wav", NULL, NULL, &analysis),
                DIARIST_STATUS_INPUT, "missing.wav");
    CHECK(diarist_analyze_file(diarizer, audio, stop, &calls, &analysis) == DIARIST_STATUS_CANCELLED);
    CHECK_FAULT(diarist_analysis_open(path, &analysis), DIARIST_STATUS_INPUT, path);
    CHECK_FAULT(diarist_analysis_save(NULL, path), DIARIST_STATUS_INVALID_OPTION, "analysis is NULL");
    CHECK(analysis == NULL);
    CHECK(diarist_analyze_file(diarizer, audio, NULL, NULL, &analysis) == DIARIST_STATUS_OK);
    CHECK_FAULT(diarist_analysis_save(analysis, "no/such/folder.diarist"), DIARIST_STATUS_OUTPUT, "no/such");
    CHECK(diarist_analysis_save(analysis, path) == DIARIST_STATUS_OK);
    diarist_analysis_free(analysis);
    CHECK(diarist_analysis_open(path, &analysis) == DIARIST_STATUS_OK);

    CHECK(diarist_cluster(diarizer, analysis, 0, 0, NULL, 0, NULL, 0, &diarization) == DIARIST_STATUS_OK);
    size_t all = diarist_diarization_num_speakers(diarization);
    CHECK(all > 2);
    /* The first exclusive turns of two speakers of at least a second each. */
    diarist_turn first = {0, 0, 0, NULL, 0};
    diarist_turn other = {0, 0, 0, NULL, 0};
    for (size_t i = 0; i < diarist_diarization_num_exclusive_turns(diarization); ++i) {
        diarist_turn turn;
        CHECK(diarist_diarization_exclusive_turn(diarization, i, &turn) == DIARIST_STATUS_OK);
        if (turn.end_s - turn.start_s >= 1 && first.end_s == 0) {
            first = turn;
        } else if (turn.end_s - turn.start_s >= 1 && turn.speaker != first.speaker && other.end_s == 0) {
            other = turn;
        }
    }
    diarist_diarization_free(diarization);
    CHECK(other.end_s > 0);
    diarist_moments pair = {(first.start_s + first.end_s) / 2, (other.start_s + other.end_s) / 2};
    CHECK(num_speakers(diarizer, analysis, 2, NULL, NULL) == 2);
    CHECK(num_speakers(diarizer, analysis, 0, &pair, NULL) == all - 1);
    CHECK(num_speakers(diarizer, analysis, 0, NULL, &pair) == all);
    CHECK_FAULT(diarist_cluster(diarizer, analysis, 0, 0, &pair, 1, &pair, 1, &diarization),
                DIARIST_STATUS_INVALID_OPTION, "cannot be different");
    CHECK_FAULT(diarist_cluster(diarizer, analysis, 0, 0, NULL, 1, NULL, 0, &diarization),
                DIARIST_STATUS_INVALID_OPTION, "same is NULL");
    CHECK_FAULT(diarist_cluster(diarizer, analysis, 0, 0, NULL, 0, &pair, SIZE_MAX, &diarization),
                DIARIST_STATUS_INVALID_OPTION, "different is not an array");
    CHECK_FAULT(diarist_cluster(diarizer, analysis, 3, 2, NULL, 0, NULL, 0, &diarization),
                DIARIST_STATUS_INVALID_OPTION, "contradict");
    pair.b_s = -1;
    CHECK_FAULT(diarist_cluster(diarizer, analysis, 0, 0, &pair, 1, NULL, 0, &diarization),
                DIARIST_STATUS_INVALID_OPTION, "not a moment");
    CHECK_FAULT(diarist_cluster(diarizer, NULL, 0, 0, NULL, 0, NULL, 0, &diarization),
                DIARIST_STATUS_INVALID_OPTION, "analysis is NULL");
    diarist_analysis_free(analysis);
    diarist_analysis_free(NULL);
}

int main(int argc, char **argv) {
    CHECK(argc == 6);
    diarist_diarizer *diarizer = NULL;
    diarist_diarizer *named = NULL;
    diarist_diarization *diarization = NULL;
    diarist_live *live = NULL;
    char *text = NULL;
    diarist_speaker speaker;
    diarist_number_of_speakers number;
    diarist_turn turn;
    int calls = 0;

    CHECK(diarist_last_error() == NULL);
    CHECK(strlen(diarist_version()) >= 5);

    CHECK_FAULT(diarist_diarizer_new(NULL, NULL),
                DIARIST_STATUS_INVALID_OPTION, "diarizer is NULL");
    CHECK_FAULT(diarist_diarizer_new("{", &diarizer),
                DIARIST_STATUS_INVALID_OPTION, "settings: EOF");
    CHECK_FAULT(diarist_diarizer_new("{\"treshold\": 1}", &diarizer),
                DIARIST_STATUS_INVALID_OPTION, "treshold");
    CHECK_FAULT(diarist_diarizer_new("{\"threshold\": 9}", &diarizer),
                DIARIST_STATUS_INVALID_OPTION, "from 0 to 2");
    CHECK_FAULT(diarist_diarizer_new("{\"segmentation\": 1}", &diarizer),
                DIARIST_STATUS_INVALID_OPTION, "a path");
    CHECK_FAULT(diarist_diarizer_new("{\"embedding\": \"missing.onnx\"}", &diarizer),
                DIARIST_STATUS_WEIGHTS, "missing");
    CHECK_FAULT(diarist_diarizer_new("\xff", &diarizer), DIARIST_STATUS_INVALID_OPTION, "UTF-8");
    CHECK(diarizer == NULL);
    CHECK(diarist_diarizer_new("{\"profile\": \"fast\", \"threads\": 1}", &diarizer)
          == DIARIST_STATUS_OK);

    float *noise = malloc(sizeof(float) * RATE * SECONDS);
    CHECK(noise != NULL);
    for (int i = 0; i < RATE * SECONDS; ++i) {
        noise[i] = (float)(i * 7919 % 1000) / 5000.0f;
    }
    CHECK_FAULT(diarist_diarize_file(NULL, "a.wav", 0, 0, NULL, NULL, &diarization),
                DIARIST_STATUS_INVALID_OPTION, "diarizer is NULL");
    CHECK_FAULT(diarist_diarize_file(diarizer, NULL, 0, 0, NULL, NULL, &diarization),
                DIARIST_STATUS_INVALID_OPTION, "path is NULL");
    CHECK_FAULT(diarist_diarize_samples(diarizer, NULL, 9, 1, RATE, 0, 0, NULL, NULL, &diarization),
                DIARIST_STATUS_INVALID_OPTION, "samples is NULL");
    CHECK_FAULT(diarist_diarize_samples(diarizer, noise, 9, 0, RATE, 0, 0, NULL, NULL, &diarization),
                DIARIST_STATUS_INVALID_OPTION, "number of channels");
    CHECK_FAULT(diarist_diarize_samples(diarizer, noise, SIZE_MAX, 2, RATE, 0, 0, NULL, NULL, &diarization),
                DIARIST_STATUS_INVALID_OPTION, "memory");
    CHECK_FAULT(diarist_diarize_samples(diarizer, noise, SIZE_MAX / 4, 1, RATE, 0, 0, NULL, NULL, &diarization),
                DIARIST_STATUS_INVALID_OPTION, "array");
    CHECK_FAULT(diarist_diarize_samples(diarizer, noise, 9, 1, 1, 0, 0, NULL, NULL, &diarization),
                DIARIST_STATUS_INPUT, "rate");
    CHECK_FAULT(diarist_diarize_samples(diarizer, noise, 9, 1, RATE, 3, 2, NULL, NULL, &diarization),
                DIARIST_STATUS_INVALID_OPTION, "contradict");
    CHECK(diarist_diarize_samples(diarizer, noise, RATE * SECONDS, 1, RATE, 0, 0, stop, &calls, &diarization)
          == DIARIST_STATUS_CANCELLED);
    CHECK(calls == 1 && diarization == NULL);
    CHECK(diarist_diarize_samples(diarizer, noise, RATE * SECONDS / 2, 2, RATE, 0, 0, NULL, NULL, &diarization)
          == DIARIST_STATUS_OK);
    CHECK(diarist_diarization_duration_s(diarization) == SECONDS / 2);
    CHECK_FAULT(diarist_diarization_turn(diarization, 1000, &turn),
                DIARIST_STATUS_INVALID_OPTION, "no turn 1000");
    CHECK_FAULT(diarist_diarization_turn(diarization, 0, NULL),
                DIARIST_STATUS_INVALID_OPTION, "turn is NULL");
    CHECK_FAULT(diarist_diarization_speaker(diarization, 1000, &speaker),
                DIARIST_STATUS_INVALID_OPTION, "no speaker 1000");
    CHECK_FAULT(diarist_diarization_embedding(diarization, 1000, noise),
                DIARIST_STATUS_INVALID_OPTION, "no speaker 1000");
    CHECK_FAULT(diarist_diarization_rttm(NULL, &text),
                DIARIST_STATUS_INVALID_OPTION, "diarization is NULL");
    CHECK(diarist_diarization_num_turns(NULL) == 0 && diarist_diarization_num_speakers(NULL) == 0);
    diarist_diarization_free(diarization);

    CHECK_FAULT(diarist_diarizer_with_speakers(diarizer, "missing.db", 0, &named),
                DIARIST_STATUS_INPUT, "missing.db");
    CHECK_FAULT(diarist_diarizer_with_speakers(diarizer, argv[1], 2, &named),
                DIARIST_STATUS_INVALID_OPTION, "probability");
    CHECK(diarist_diarizer_with_speakers(diarizer, argv[1], 0, &named) == DIARIST_STATUS_OK);
    CHECK(diarist_diarize_file(named, argv[2], 0, 0, NULL, NULL, &diarization)
          == DIARIST_STATUS_OK);
    diarist_diarizer_free(named);
    CHECK(strcmp(diarist_diarization_file_id(diarization), "single") == 0);
    CHECK(diarist_diarization_speech_s(diarization) > 1 && diarist_diarization_overlap_s(diarization) == 0);
    CHECK(diarist_diarization_num_speakers(diarization) == 1 && diarist_diarization_num_turns(diarization) >= 1);
    CHECK(diarist_diarization_number_of_speakers(diarization, &number) == DIARIST_STATUS_OK);
    CHECK(number.probability > 0.9 && number.runner_up == 2 && number.runner_up_probability < 0.1);
    CHECK_FAULT(diarist_diarization_number_of_speakers(NULL, &number),
                DIARIST_STATUS_INVALID_OPTION, "diarization is NULL");
    CHECK(diarist_diarization_speaker(diarization, 0, &speaker) == DIARIST_STATUS_OK);
    CHECK(strcmp(speaker.label, "SPEAKER_00") == 0 && strcmp(speaker.name, "Ann Lee") == 0);
    CHECK(speaker.num_turns == diarist_diarization_num_turns(diarization));
    CHECK(diarist_diarization_turn(diarization, 0, &turn) == DIARIST_STATUS_OK);
    CHECK(turn.speaker == 0 && turn.end_s > turn.start_s && turn.confidence > 0 && strcmp(turn.name, "Ann Lee") == 0);
    CHECK(diarist_diarization_rttm(diarization, &text)
          == DIARIST_STATUS_OK && strstr(text, " Ann_Lee ") != NULL);
    diarist_string_free(text);
    CHECK(diarist_diarization_warnings(diarization, &text)
          == DIARIST_STATUS_OK && strcmp(text, "") == 0);
    diarist_string_free(text);
    diarist_diarization_free(diarization);
    diarization = NULL;

    known_people(diarizer, argv[3], argv[2]);
    analyses(diarizer, argv[4], argv[5]);

    CHECK_FAULT(diarist_live_new(diarizer, 20.0, 0.0, &live),
                DIARIST_STATUS_INVALID_OPTION, "latency");
    CHECK(diarist_live_new(diarizer, 0.0, 0.0, &live) == DIARIST_STATUS_OK);
    diarist_diarizer_free(diarizer);
    noise[5] = (float)strtod("nan", NULL);
    CHECK_FAULT(diarist_live_push(live, noise, 10, &text), DIARIST_STATUS_INPUT, "sample 5 of 10");
    CHECK(diarist_live_push(live, noise, 5, &text) == DIARIST_STATUS_OK && strcmp(text, "") == 0);
    diarist_string_free(text);
    CHECK(diarist_live_finish(live, &text, &diarization) == DIARIST_STATUS_OK);
    CHECK(diarist_diarization_num_turns(diarization) == 0);
    diarist_string_free(text);
    diarist_diarization_free(diarization);
    CHECK_FAULT(diarist_live_push(live, noise, 5, &text),
                DIARIST_STATUS_INVALID_OPTION, "has ended");
    CHECK_FAULT(diarist_live_finish(live, &text, &diarization),
                DIARIST_STATUS_INVALID_OPTION, "has ended");
    diarist_live_free(live);

    diarist_diarizer_free(NULL);
    diarist_diarization_free(NULL);
    diarist_live_free(NULL);
    diarist_string_free(NULL);
    free(noise);
    return 0;
}
