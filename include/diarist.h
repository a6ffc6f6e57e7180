/* The C interface of diarist: who spoke when. Written by cbindgen from crates/diarist-capi; do not
 * edit.
 *
 * Every function that can fail returns a diarist_status. diarist_last_error() then describes the
 * fault, until the next call that fails on the same thread. A function sets the place that its last
 * argument points to only on success, and its comment names the function that frees the value. Text
 * is UTF-8 and ends with a zero byte. Reading does not change a handle: several threads may use a
 * diarizer or a diarization at once, but only one at a time a live diarization.
 */


#ifndef DIARIST_H
#define DIARIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// Outcome of a call. The values are those of the command's exit codes.
typedef enum {
  // Success.
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
  // The device that was asked for cannot be used, or failed.
  DIARIST_STATUS_DEVICE = 8,
} diarist_status;

// The output of the networks for one recording.
typedef struct diarist_analysis diarist_analysis;

// The diarization of one recording: who spoke when.
typedef struct diarist_diarization diarist_diarization;

// Networks, settings, and threads that compute.
typedef struct diarist_diarizer diarist_diarizer;

// A diarization of audio that arrives in pieces.
typedef struct diarist_live diarist_live;

// A function that receives the seconds of the recording that are done and those in all (0 if that
// is not known), after every few seconds of audio. It returns false to end the call.
//
// It is called on another thread than the caller's, but never on two threads at once.
typedef bool (*diarist_progress)(double processed_s, double total_s, void *user_data);

// Certainty of the number of speakers. Speakers with less than 2 s of speech do not count as true
// ones.
typedef struct {
  // Probability that the recording has as many speakers as the diarization.
  double probability;
  // The likeliest other number. It can be likelier than that of the diarization.
  size_t runner_up;
  // Probability of that number.
  double runner_up_probability;
} diarist_number_of_speakers;

// One speaker of a recording. Its texts are valid as long as the diarization.
typedef struct {
  // Label, `SPEAKER_00` and so on.
  const char *label;
  // Name of the known person; NULL if nobody was recognised.
  const char *name;
  // Seconds of speech, overlapped speech included.
  double speech_s;
  // Number of turns.
  size_t num_turns;
} diarist_speaker;

// A stretch of speech of one speaker.
typedef struct {
  // Start in seconds.
  double start_s;
  // End in seconds.
  double end_s;
  // The speaker, from 0 to diarist_diarization_num_speakers - 1.
  size_t speaker;
  // Name of the known person who the speaker is; NULL if nobody was recognised. Valid as long
  // as the diarization.
  const char *name;
  // Certainty of the turn from 0 to 1: the share of the time in which turns as certain as this
  // one have the right speaker.
  double confidence;
} diarist_turn;

// Two moments of a recording, in seconds, at each of which one person speaks alone.
typedef struct {
  // One moment.
  double a_s;
  // The other moment.
  double b_s;
} diarist_moments;

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

// The fault of the last call that failed on this thread, and a hint for the next step, on one
// line. NULL if none has failed.
//
// The text is valid until the next call on this thread that fails.
const char *diarist_last_error(void);

// The version of the library, as in "1.2.3". The text is always valid.
const char *diarist_version(void);

// Frees a text that a function returned through its last argument. NULL is allowed.
//
// # Safety
// `text` must be NULL or such a text, which is not used any more.
void diarist_string_free(char *text);

// The machines that the networks can run on, as one line of JSON: a list of objects with `device`
// (a value of the setting of that name), `name`, and `gpu`, which is null for the CPU. A library
// that was built without the feature `gpu` knows the CPU only. Free `devices` with
// diarist_string_free.
//
// # Safety
// `devices` must be valid for a write.
diarist_status diarist_devices(char **devices);

// Loads the networks and starts threads.
//
// `settings` is NULL for the defaults, or JSON with chosen options. They have the names of the
// options of `diarist diarize`, for example
// `{"profile": "fast", "clustering": "ahc", "threshold": 0.7, "threads": 2}`. Free `diarizer` with
// diarist_diarizer_free.
//
// # Safety
// `settings` must be NULL or end with a zero byte, `diarizer` must be valid for a write.
diarist_status diarist_diarizer_new(const char *settings, diarist_diarizer **diarizer);

// Makes a diarizer that also names speakers: those whose voices belong to people in the speaker
// database at `path`.
//
// A speaker is named if the probability of the person is at least `min_probability`; 0 selects the
// default, 0.9. `named` shares networks and threads with `diarizer`. Free it with
// diarist_diarizer_free.
//
// # Safety
// `diarizer` must be a diarizer, `path` must end with a zero byte, `named` must be valid for a
// write.
diarist_status diarist_diarizer_with_speakers(const diarist_diarizer *diarizer,
                                              const char *path,
                                              double min_probability,
                                              diarist_diarizer **named);

// Frees a diarizer. NULL is allowed. Live diarizations made with it remain valid.
//
// # Safety
// `diarizer` must be NULL or a diarizer, and not be used any more.
void diarist_diarizer_free(diarist_diarizer *diarizer);

// Diarizes an audio file of any common format.
//
// `min_speakers` and `max_speakers` replace the numbers of speakers in the settings, unless both
// are 0; a single 0 leaves that side open. Give an exact number as both. `progress` may be NULL.
// Free `diarization` with diarist_diarization_free.
//
// # Safety
// `diarizer` must be a diarizer, `path` must end with a zero byte, `diarization` must be valid for
// a write, and `progress` must be NULL or a function that may be called with `user_data` on
// another thread.
diarist_status diarist_diarize_file(const diarist_diarizer *diarizer,
                                    const char *path,
                                    size_t min_speakers,
                                    size_t max_speakers,
                                    diarist_progress progress,
                                    void *user_data,
                                    diarist_diarization **diarization);

// Diarizes `num_frames` frames of `num_channels` interleaved samples in [-1, 1] at `sample_rate`
// Hz.
//
// The recording is named "audio". All else is as in diarist_diarize_file.
//
// # Safety
// As diarist_diarize_file; `samples` must hold `num_frames * num_channels` values, which nobody
// changes meanwhile.
diarist_status diarist_diarize_samples(const diarist_diarizer *diarizer,
                                       const float *samples,
                                       size_t num_frames,
                                       uint16_t num_channels,
                                       uint32_t sample_rate,
                                       size_t min_speakers,
                                       size_t max_speakers,
                                       diarist_progress progress,
                                       void *user_data,
                                       diarist_diarization **diarization);

// Frees a diarization. NULL is allowed.
//
// # Safety
// `diarization` must be NULL or a diarization. It and its texts must not be used any more.
void diarist_diarization_free(diarist_diarization *diarization);

// Name of the recording; NULL for NULL. The text is valid as long as the diarization.
//
// # Safety
// `diarization` must be NULL or a diarization.
const char *diarist_diarization_file_id(const diarist_diarization *diarization);

// Length of the recording in seconds; 0 for NULL.
//
// # Safety
// `diarization` must be NULL or a diarization.
double diarist_diarization_duration_s(const diarist_diarization *diarization);

// Seconds in which at least one speaker is active; 0 for NULL.
//
// # Safety
// `diarization` must be NULL or a diarization.
double diarist_diarization_speech_s(const diarist_diarization *diarization);

// Seconds in which at least two speakers are active; 0 for NULL.
//
// # Safety
// `diarization` must be NULL or a diarization.
double diarist_diarization_overlap_s(const diarist_diarization *diarization);

// Number of speakers; 0 for NULL.
//
// # Safety
// `diarization` must be NULL or a diarization.
size_t diarist_diarization_num_speakers(const diarist_diarization *diarization);

// Certainty of the number of speakers.
//
// Returns DIARIST_STATUS_INPUT if it is not known: with other clustering than `refined`, for a
// recording of a single chunk or without speech, or with a told number.
//
// # Safety
// `diarization` must be a diarization, `number` must be valid for a write.
diarist_status diarist_diarization_number_of_speakers(const diarist_diarization *diarization,
                                                      diarist_number_of_speakers *number);

// A speaker. They are in the order of their labels.
//
// # Safety
// `diarization` must be a diarization, `speaker` must be valid for a write.
diarist_status diarist_diarization_speaker(const diarist_diarization *diarization,
                                           size_t index,
                                           diarist_speaker *speaker);

// Writes the mean embedding of a speaker: 256 floats, not normalised.
//
// Returns DIARIST_STATUS_INPUT if embeddings were skipped, and for a speaker that only the number
// of simultaneous speakers calls for.
//
// # Safety
// `diarization` must be a diarization, `embedding` must have room for 256 floats.
diarist_status diarist_diarization_embedding(const diarist_diarization *diarization,
                                             size_t speaker,
                                             float *embedding);

// Number of turns; 0 for NULL.
//
// # Safety
// `diarization` must be NULL or a diarization.
size_t diarist_diarization_num_turns(const diarist_diarization *diarization);

// A turn. They are in the order of their start, and those of different speakers may overlap.
//
// # Safety
// `diarization` must be a diarization, `turn` must be valid for a write.
diarist_status diarist_diarization_turn(const diarist_diarization *diarization,
                                        size_t index,
                                        diarist_turn *turn);

// Number of exclusive turns, with at most one speaker at every moment; 0 for NULL.
//
// # Safety
// `diarization` must be NULL or a diarization.
size_t diarist_diarization_num_exclusive_turns(const diarist_diarization *diarization);

// An exclusive turn. They are in the order of their start.
//
// # Safety
// As diarist_diarization_turn.
diarist_status diarist_diarization_exclusive_turn(const diarist_diarization *diarization,
                                                  size_t index,
                                                  diarist_turn *turn);

// The parts of the recording that were lost or changed: one sentence per line, possibly none. Free
// `text` with diarist_string_free.
//
// # Safety
// `diarization` must be a diarization, `text` must be valid for a write.
diarist_status diarist_diarization_warnings(const diarist_diarization *diarization, char **text);

// The turns as RTTM, with the names of known people. Free `text` with diarist_string_free.
//
// # Safety
// `diarization` must be a diarization, `text` must be valid for a write.
diarist_status diarist_diarization_rttm(const diarist_diarization *diarization, char **text);

// The whole result as one line of JSON, as `diarist diarize --format json` writes it. Free `text`
// with diarist_string_free.
//
// # Safety
// `diarization` must be a diarization, `text` must be valid for a write.
diarist_status diarist_diarization_json(const diarist_diarization *diarization, char **text);

// Runs the networks over an audio file: the long part of diarist_diarize_file, whose arguments
// these are. Free `analysis` with diarist_analysis_free.
//
// # Safety
// As diarist_diarize_file, with `analysis` in place of `diarization`.
diarist_status diarist_analyze_file(const diarist_diarizer *diarizer,
                                    const char *path,
                                    diarist_progress progress,
                                    void *user_data,
                                    diarist_analysis **analysis);

// Reads a file that diarist_analysis_save, `diarist analyze` or `diarist diarize --checkpoint`
// wrote. Free `analysis` with diarist_analysis_free.
//
// # Safety
// `path` must end with a zero byte, `analysis` must be valid for a write.
diarist_status diarist_analysis_open(const char *path, diarist_analysis **analysis);

// Saves a file for diarist_analysis_open and `diarist cluster`. It is written whole or not at all.
//
// # Safety
// `analysis` must be an analysis, `path` must end with a zero byte.
diarist_status diarist_analysis_save(const diarist_analysis *analysis, const char *path);

// Frees an analysis. NULL is allowed.
//
// # Safety
// `analysis` must be NULL or an analysis, and not be used any more.
void diarist_analysis_free(diarist_analysis *analysis);

// Makes turns of an analysis, without the recording.
//
// `min_speakers` and `max_speakers` are as in diarist_diarize_file. The same person speaks at both
// moments of each of the `num_same` pairs in `same`: their speakers become one. Different people
// do in each of the `num_different` pairs in `different`: if they were one speaker, that speaker
// is split. NULL is allowed for no pairs. Free `diarization` with diarist_diarization_free.
//
// # Safety
// `diarizer` must be a diarizer, `analysis` an analysis, `same` and `different` must hold as many
// pairs as their numbers tell, `diarization` must be valid for a write.
diarist_status diarist_cluster(const diarist_diarizer *diarizer,
                               const diarist_analysis *analysis,
                               size_t min_speakers,
                               size_t max_speakers,
                               const diarist_moments *same,
                               size_t num_same,
                               const diarist_moments *different,
                               size_t num_different,
                               diarist_diarization **diarization);

// Adds the voice of the one person who speaks in the audio file at `clip` to the person `name` of
// the speaker database at `path`. A person or a database that is missing is made.
//
// Returns DIARIST_STATUS_INPUT for a clip with less than 5 s of speech, or with several people.
// `progress` may be NULL. Voice prints are biometric data: enroll only people who agreed.
//
// # Safety
// `diarizer` must be a diarizer; `path`, `name` and `clip` must end with a zero byte; `progress`
// must be NULL or a function that may be called with `user_data` on another thread.
diarist_status diarist_speakers_enroll(const diarist_diarizer *diarizer,
                                       const char *path,
                                       const char *name,
                                       const char *clip,
                                       diarist_progress progress,
                                       void *user_data);

// All people in the speaker database at `path`, by name, as one line of JSON: a list of objects
// with `name`, `created`, `num_enrolled`, `num_learned` and `speech_s`. Free `people` with
// diarist_string_free.
//
// # Safety
// `path` must end with a zero byte, `people` must be valid for a write.
diarist_status diarist_speakers_list(const char *path, char **people);

// Gives a person in the speaker database at `path` another name.
//
// # Safety
// All three texts must end with a zero byte.
diarist_status diarist_speakers_rename(const char *path,
                                       const char *old_name,
                                       const char *new_name);

// Removes a person with all samples from the speaker database at `path`.
//
// # Safety
// Both texts must end with a zero byte.
diarist_status diarist_speakers_remove(const char *path, const char *name);

// Starts a live diarization.
//
// A moment is decided after `latency_s` seconds, 0.5 to 10, and the networks run every `step_s`
// seconds, 0.25 to 10. 0 selects the defaults, 2 and 0.5 seconds. Free `live` with
// diarist_live_free.
//
// # Safety
// `diarizer` must be a diarizer, `live` must be valid for a write.
diarist_status diarist_live_new(const diarist_diarizer *diarizer,
                                double latency_s,
                                double step_s,
                                diarist_live **live);

// Frees a live diarization. NULL is allowed.
//
// # Safety
// `live` must be NULL or a live diarization, and not be used any more.
void diarist_live_free(diarist_live *live);

// Takes the next `num_samples` samples, mono at 16 kHz in [-1, 1]. Any number is allowed.
//
// `events` receives the changes that they cause, one JSON object per line (docs/live.md), possibly
// none. Free it with diarist_string_free. After DIARIST_STATUS_INPUT the whole piece was rejected,
// and more can be pushed.
//
// # Safety
// `live` must be a live diarization that no other thread uses, `samples` must hold `num_samples`
// values, `events` must be valid for a write.
diarist_status diarist_live_push(diarist_live *live,
                                 const float *samples,
                                 size_t num_samples,
                                 char **events);

// Ends the recording.
//
// `events` receives the last events, and `diarization` the result of diarist_diarize_samples for
// the whole recording. Free them with diarist_string_free and diarist_diarization_free. The
// recording is named "audio".
//
// # Safety
// As diarist_live_push; `diarization` must be valid for a write.
diarist_status diarist_live_finish(diarist_live *live,
                                   char **events,
                                   diarist_diarization **diarization);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* DIARIST_H */
