// The kinds of frames and the figures of the link; core/worker/link/frames.py says what each means.

export const REQUEST = 1;
export const CANCEL = 2;
export const NOTIFY = 3;
export const RESPONSE = 4;
export const PING = 5;

export const READY = 17;
export const LOAD_FAILED = 18;
export const CALL = 19;
export const ANSWER = 20;
export const FAILED = 21;
export const FINISHED = 22;
export const LOG = 23;
export const PONG = 24;
export const NOTIFIED = 25;

export const PULL = 33;
export const DATA = 34;
export const END = 35;
export const ABORT = 36;
export const DROP = 37;
export const ACCEPT = 38;
export const MESSAGE = 39;
export const CLOSE = 40;

export const HEADER_BYTES = 9;
export const CREDIT_BYTES = 256 * 1024;
export const LONGEST_INLINE_BYTES = 1024 * 1024;
