/**
 * gRPC between the components of a node and between nodes: streams passed on as raw bytes, and Connect services and clients where messages matter.
 *
 * @module
 */
export { answerStatus, answerTrailers } from "./answer.ts";
export { CALL_LIMITS, type CallLimits, CallRegistry, type OpenCall } from "./calls.ts";
export { clientCertificateFault, isForClients } from "./certificate.ts";
export { INTERNAL_LIMITS, type OnStream, SERVER_LIMITS, type ServerLimits } from "./connections.ts";
export {
  deadlineMs,
  type DeadlineRules,
  DEADLINES,
  formatTimeout,
  parseTimeout,
} from "./deadline.ts";
export { dialTls, dialUnix, type Identity, type TlsTarget } from "./dial.ts";
export {
  concatBytes,
  type Frame,
  frameOf,
  FrameSplitter,
  FrameWatch,
  MESSAGE_LIMIT_BYTES,
  rawFrame,
} from "./frames.ts";
export { openCall, type OutgoingCall, type OutgoingRequest } from "./call.ts";
export { admit, type GrpcRequest } from "./guard.ts";
export { failureMessage, hostnameField, replyOf, withHostname } from "./metadata.ts";
export { callDeadline, passOn, type PassOptions } from "./pass.ts";
export { relay, type RelayCall } from "./relay.ts";
export { type GrpcServer, type Listen, type ServeOptions, serveStreams } from "./server.ts";
export { dropRights, type Permissions, type Right } from "./rights.ts";
export { failureOf, failureTrailers } from "./failure.ts";
export { serveUnix, type ServiceOptions, type UnixOptions } from "./serve.ts";
export { type Routes, ServedMethods, type ServiceRouter } from "./services.ts";
export { dispatch, type DispatchOptions } from "./dispatch.ts";
export {
  type SessionTransport,
  type TlsOptions,
  tlsTransport,
  type TransportOptions,
  unixTransport,
  withDeadline,
} from "./transport.ts";
export { OK, readStatus, type Status, statusOfHttp, statusOfReset } from "./status.ts";
export { isStreaming } from "./streaming.ts";
export { type Dial, Upstream, type UpstreamOptions } from "./upstream.ts";
