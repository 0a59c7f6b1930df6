/** Numbers of HTTP/2 on the wire: RFC 9113, sections 4, 6 and 7. */

/** Frame types. */
export const FRAME = {
  DATA: 0,
  HEADERS: 1,
  PRIORITY: 2,
  RST_STREAM: 3,
  SETTINGS: 4,
  PUSH_PROMISE: 5,
  PING: 6,
  GOAWAY: 7,
  WINDOW_UPDATE: 8,
  CONTINUATION: 9,
} as const;

/** Flags of frames; what a bit means depends on the type. */
export const FLAG = { ACK: 1, END_STREAM: 1, END_HEADERS: 4, PADDED: 8, PRIORITY: 32 } as const;

/** Names of settings. */
export const SETTING = {
  HEADER_TABLE_SIZE: 1,
  ENABLE_PUSH: 2,
  MAX_CONCURRENT_STREAMS: 3,
  INITIAL_WINDOW_SIZE: 4,
  MAX_FRAME_SIZE: 5,
  MAX_HEADER_LIST_SIZE: 6,
} as const;

/** Why a stream or a connection ended. */
export const ERROR_CODE = {
  NO_ERROR: 0,
  PROTOCOL_ERROR: 1,
  INTERNAL_ERROR: 2,
  FLOW_CONTROL_ERROR: 3,
  SETTINGS_TIMEOUT: 4,
  STREAM_CLOSED: 5,
  FRAME_SIZE_ERROR: 6,
  REFUSED_STREAM: 7,
  CANCEL: 8,
  COMPRESSION_ERROR: 9,
  CONNECT_ERROR: 10,
  ENHANCE_YOUR_CALM: 11,
  INADEQUATE_SECURITY: 12,
  HTTP_1_1_REQUIRED: 13,
} as const;

/** The name of an error code. */
export type ErrorName = keyof typeof ERROR_CODE;

/** Bytes before the payload of each frame. */
export const FRAME_HEADER_BYTES = 9;
/** Largest payload that is sent and taken; also the least that a peer must take. */
export const MAX_FRAME_BYTES = 16_384;
/** Flow-control window of a stream and of a connection before anybody says otherwise. */
export const DEFAULT_WINDOW = 65_535;
/** Largest flow-control window. */
export const MAX_WINDOW = 0x7fffffff;

/** What each client sends first. */
export const PREFACE = new TextEncoder().encode("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");

/** The peer broke the protocol: the connection ends, with this code. */
export class Http2Error extends Error {
  override readonly name = "Http2Error";
  readonly code: number;

  constructor(name: ErrorName, message: string) {
    super(`${name}: ${message}`);
    this.code = ERROR_CODE[name];
  }
}
