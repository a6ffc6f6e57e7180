/** Options of a diarization. Those of `diarist diarize` have their names in camel case. */
export interface Options {
  /** Ends the call; the promise is rejected with the signal's reason. */
  signal?: AbortSignal;
  /** Name of the recording in results and messages. Default: that of the file, else "audio". */
  name?: string;
  /** Rate of a Float32Array in Hz. Default: 16000. */
  sampleRate?: number;
  /** Exact number of speakers. */
  numSpeakers?: number;
  minSpeakers?: number;
  maxSpeakers?: number;
  /** Accuracy against speed. Default: "balanced". */
  profile?: "exact" | "balanced" | "fast";
  /**
   * Number of threads that compute, at most one for each core; the result does not depend on it.
   * Default: 4, or fewer cores. 1 on pages that are not cross-origin isolated.
   */
  threads?: number;
  /** Inclination to more speakers, -1 to 1. */
  sensitivity?: number;
  /** Probability above which somebody speaks. */
  speechThreshold?: number;
  /** Probability above which two people speak. */
  overlapThreshold?: number;
  /** Every other option of `diarist diarize`. */
  [option: string]: unknown;
}

/** Options of a live diarization. */
export interface LiveOptions extends Options {
  /** Seconds from a moment to the decision about its speakers, 0.5 to 10. Default: 2. */
  latency?: number;
  /** Seconds of audio between two decisions, 0.25 to 10. Default: 0.5. */
  liveStep?: number;
}

export interface Turn {
  start_s: number;
  end_s: number;
  /** The label of the speaker. */
  speaker: string;
  /** 0 to 1. */
  confidence: number;
}

export interface Speaker {
  /** SPEAKER_00 and so on. */
  label: string;
  speech_s: number;
  num_turns: number;
  /** The voice, 256 numbers; compare by cosine similarity. */
  embedding: number[] | null;
}

/** A result: the document of docs/output-json.md, of which these are the most used fields. */
export interface Diarization {
  file_id: string;
  duration_s: number;
  speech_s: number;
  overlap_s: number;
  /** In the order of their start; those of different speakers may overlap. */
  turns: Turn[];
  /** At most one speaker at every moment. */
  exclusive_turns: Turn[];
  speakers: Speaker[];
  number_of_speakers: { probability: number; runner_up: number; runner_up_probability: number } | null;
  /** Parts of the recording that were lost or changed, one sentence each. */
  warnings: string[];
  [field: string]: unknown;
}

/** A change to the turns so far. All events, applied in their order, give the current turns. */
export type LiveEvent =
  | { event: "opened"; turn: number; speaker: number; start_s: number }
  | { event: "extended" | "closed"; turn: number; end_s: number }
  | { event: "relabelled"; turn: number; speaker: number }
  | { event: "moved"; turn: number; start_s: number; end_s: number }
  | { event: "removed"; turn: number }
  | { event: "merged"; speaker: number; into: number }
  | { event: "labelled"; speaker: number; label: string };

/** A live diarization that takes samples. */
export interface LiveSession {
  /** Seconds of audio that wait for the networks. */
  readonly behindS: number;
  /** Takes the next samples, mono in [-1, 1]. Resolves when their events were told. */
  push(samples: Float32Array): Promise<void>;
  /** Ends the recording: the result of `diarize` for all of it. */
  finish(): Promise<Diarization>;
}

/** A file (its bytes), or samples. */
export type Audio = Blob | ArrayBuffer | Uint8Array | AudioBuffer | Float32Array;

/** A file with turns; by its extension. */
export type Format = "rttm" | "json" | "srt" | "vtt" | "txt" | "TextGrid";

/** An error of the library: a message with a hint for the next step. */
export class DiaristError extends Error {
  readonly kind: "InvalidOption" | "Input" | "Weights" | "Output" | "SpeakerBounds" | "Device" | "Cancelled" | "Internal";
}

/**
 * Finds out who speaks when. `audio` is a file of any common format (WAV, FLAC, MP3, M4A, MP4, Ogg,
 * Opus, MKV, WebM), or samples. Calls run one after the other in workers.
 */
export function diarize(
  audio: Audio,
  options?: Options,
  onProgress?: (processedS: number, totalS: number | null) => void,
): Promise<Diarization>;

/** The text of a file with the turns of a result. */
export function convert(result: Diarization, format: Format): Promise<string>;

/** Starts a live diarization of samples, in workers of its own. */
export function live(options: LiveOptions, onEvent: (event: LiveEvent) => void): Promise<LiveSession>;

/** Starts a live diarization of a stream, such as that of a microphone. Browsers only. */
export function listen(
  stream: MediaStream,
  options: LiveOptions,
  onEvent: (event: LiveEvent) => void,
): Promise<Omit<LiveSession, "push">>;

/** Loads the module and the networks before they are needed. Tells how many threads compute. */
export function preload(options?: Options): Promise<{ threads: number }>;

/** Ends the workers and frees their memory. The next call starts others. */
export function close(): void;
