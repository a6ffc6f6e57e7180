/* The C interface of diarist: who spoke when. Written by cbindgen from crates/diarist-capi; do not edit.
 *
 * Every function that can fail returns a diarist_status; diarist_last_error() then says what was wrong, until the next call that fails on
 * the same thread. What a function gives through its last argument is only set on success, and is to be freed by the function named
 * there. Text is UTF-8 and ends with a zero byte. Handles are not changed by reading: a pipeline and a result may be used by several
 * threads at once, a live diarization by one at a time.
 */


#ifndef DIARIST_H
#define DIARIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// What became of a call; the values are those of the command's exit codes.
typedef enum {
  // It went well.
  DIARIST_STATUS_OK = 0,
  // A fault inside diarist; please report it.
  DIARIST_STATUS_INTERNAL = 1,
  // An option or an argument is outside its range.
  DIARIST_STATUS_INVALID_OPTION = 2,
  // An input cannot be read or is not usable.
  DIARIST_STATUS_INPUT = 3,
  // Network weights are missing, damaged, or of another architecture.
  DIARIST_STATUS_WEIGHTS = 4,
  // A result cannot be written.
  DIARIST_STATUS_OUTPUT = 5,
  // The requested number of speakers cannot be honoured for this recording.
  DIARIST_STATUS_SPEAKER_BOUNDS = 6,
  // The progress function has ended the call.
  DIARIST_STATUS_CANCELLED = 7,
} diarist_status;

// Who spoke when in one recording.
typedef struct diarist_result diarist_result;

// A diarization of audio that arrives bit by bit.
typedef struct diarist_live diarist_live;

// Networks, options, and threads that compute.
typedef struct diarist_pipeline diarist_pipeline;

// Is told how many seconds of the recording are done and how many there are (0 if that is not known), after every few seconds of audio;
// false ends the call. It is called on another thread than the caller's, but never on two at once.
typedef bool (*diarist_progress)(double processed_s, double total_s, void *user_data);

// A stretch of time in which one speaker speaks.
typedef struct {
  // Seconds from the start of the recording.
  double start_s;
  // Seconds from the start of the recording.
  double end_s;
  // The speaker, from 0 to diarist_result_num_speakers - 1.
  size_t speaker;
  // How sure it is, from 0 to 1: the share of the windows of 10 s around it that hear this speaker there. Not a probability.
  float confidence;
} diarist_turn;

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

// What was wrong with the last call that failed on this thread, and what to do next, on one line; NULL if none has failed.
//
// The text is valid until the next call on this thread that fails.
const char *diarist_last_error(void);

// The version of the library, as in "1.2.3". The text is valid for ever.
const char *diarist_version(void);

// Frees a text that a function has given through its last argument. NULL is allowed.
//
// # Safety
// `text` must be NULL or such a text, which is not used any more.
void diarist_string_free(char *text);

// Loads the networks.
//
// `settings` is NULL for the defaults, or JSON with any of the options under "Method" in `diarist help diarize`, for example
// `{"profile": "fast", "clustering": "ahc", "threshold": 0.7}`, and with "segmentation" and "embedding", paths of other weights.
// `num_threads` is 0 for all that the machine offers. The pipeline is to be freed by diarist_pipeline_free.
//
// # Safety
// `settings` must be NULL or end with a zero byte, `pipeline` must be valid for a write.
diarist_status diarist_pipeline_new(const char *settings,
                                    size_t num_threads,
                                    diarist_pipeline **pipeline);

// Frees a pipeline. NULL is allowed. Live diarizations made with it may live on.
//
// # Safety
// `pipeline` must be NULL or from diarist_pipeline_new, and not be used any more.
void diarist_pipeline_free(diarist_pipeline *pipeline);

// Diarizes an audio file of any common format. `max_speakers` is 0 for any number, as is `min_speakers`; for an exact number give it as
// both. `progress` may be NULL. The result is to be freed by diarist_result_free.
//
// # Safety
// `pipeline` must be a pipeline, `path` must end with a zero byte, `result` must be valid for a write, and `progress` must be NULL or a
// function that may be called with `user_data` on another thread.
diarist_status diarist_diarize_file(const diarist_pipeline *pipeline,
                                    const char *path,
                                    size_t min_speakers,
                                    size_t max_speakers,
                                    diarist_progress progress,
                                    void *user_data,
                                    diarist_result **result);

// Diarizes `num_frames` frames of `num_channels` interleaved samples in [-1, 1] at `sample_rate` Hz. The rest is as in
// diarist_diarize_file; in RTTM the recording is called "audio".
//
// # Safety
// As diarist_diarize_file; `samples` must hold `num_frames * num_channels` values, which nobody changes meanwhile.
diarist_status diarist_diarize_samples(const diarist_pipeline *pipeline,
                                       const float *samples,
                                       size_t num_frames,
                                       uint16_t num_channels,
                                       uint32_t sample_rate,
                                       size_t min_speakers,
                                       size_t max_speakers,
                                       diarist_progress progress,
                                       void *user_data,
                                       diarist_result **result);

// Frees a result. NULL is allowed.
//
// # Safety
// `result` must be NULL or a result, and it and its texts must not be used any more.
void diarist_result_free(diarist_result *result);

// Length of the recording in seconds; 0 for NULL.
//
// # Safety
// `result` must be NULL or a result.
double diarist_result_duration(const diarist_result *result);

// Number of speakers; 0 for NULL.
//
// # Safety
// `result` must be NULL or a result.
size_t diarist_result_num_speakers(const diarist_result *result);

// The label of a speaker, as in RTTM. The text is valid as long as the result.
//
// # Safety
// `result` must be a result, `label` must be valid for a write.
diarist_status diarist_result_speaker(const diarist_result *result, size_t speaker, const char **label);

// The mean embedding of a speaker: writes 256 floats, not normalised.
//
// A speaker whom only the number of simultaneous speakers tells of has none, nor has anybody without embeddings; that is
// DIARIST_STATUS_INPUT.
//
// # Safety
// `result` must be a result, `embedding` must have room for 256 floats.
diarist_status diarist_result_embedding(const diarist_result *result,
                                        size_t speaker,
                                        float *embedding);

// Number of turns; 0 for NULL.
//
// # Safety
// `result` must be NULL or a result.
size_t diarist_result_num_turns(const diarist_result *result);

// A turn; they are in the order of time, and those of different speakers may overlap.
//
// # Safety
// `result` must be a result, `turn` must be valid for a write.
diarist_status diarist_result_turn(const diarist_result *result, size_t index, diarist_turn *turn);

// Number of turns of the exclusive timeline, in which at most one speaker speaks at a time; 0 for NULL.
//
// # Safety
// `result` must be NULL or a result.
size_t diarist_result_num_exclusive_turns(const diarist_result *result);

// A turn of the exclusive timeline.
//
// # Safety
// As diarist_result_turn.
diarist_status diarist_result_exclusive_turn(const diarist_result *result, size_t index, diarist_turn *turn);

// The turns as RTTM, to be freed by diarist_string_free.
//
// # Safety
// `result` must be a result, `text` must be valid for a write.
diarist_status diarist_result_rttm(const diarist_result *result, char **text);

// The whole result as one line of JSON, the same as `diarist diarize --format json` writes, to be freed by diarist_string_free.
//
// # Safety
// `result` must be a result, `text` must be valid for a write.
diarist_status diarist_result_json(const diarist_result *result,
                                   char **text);

// Starts a live diarization. A moment is decided after `latency_s` seconds, 0.5 to 10, and every `step_s` seconds, 0.25 to 10, the
// networks run; 0 stands for 2 and 0.5 seconds. It is to be freed by diarist_live_free.
//
// # Safety
// `pipeline` must be a pipeline, `live` must be valid for a write.
diarist_status diarist_live_new(const diarist_pipeline *pipeline,
                                double latency_s,
                                double step_s,
                                diarist_live **live);

// Frees a live diarization. NULL is allowed.
//
// # Safety
// `live` must be NULL or a live diarization, and not be used any more.
void diarist_live_free(diarist_live *live);

// Takes the `num_samples` samples that follow, mono at 16 kHz in [-1, 1], any number of them.
//
// `events` gets what they change, one JSON object per line (docs/live.md), perhaps none; to be freed by diarist_string_free. After
// DIARIST_STATUS_INPUT nothing of the piece was taken, and more can be pushed.
//
// # Safety
// `live` must be a live diarization that no other thread uses, `samples` must hold `num_samples` values, `events` must be valid for a
// write.
diarist_status diarist_live_push(diarist_live *live,
                                 const float *samples,
                                 size_t num_samples,
                                 char **events);

// Ends the recording: `events` gets the last events, and `result` what diarist_diarize_samples gives for the whole, to be freed by
// diarist_result_free. In RTTM the recording is called "audio".
//
// # Safety
// As diarist_live_push; `result` must be valid for a write.
diarist_status diarist_live_finish(diarist_live *live,
                                   char **events,
                                   diarist_result **result);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* DIARIST_H */
