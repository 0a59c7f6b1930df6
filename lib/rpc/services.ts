import type { DescMethod, DescService } from "@bufbuild/protobuf";
import { Code, ConnectError, type ServiceImpl } from "@connectrpc/connect";
import type { CallContext } from "./context.ts";

/** Takes in services with their implementations, as Connect's router does. */
export interface ServiceRouter {
  /** Serves `service`; its methods that `impl` lacks answer Unimplemented. */
  service<T extends DescService>(service: T, impl: Partial<ServiceImpl<T>>): void;
}

/** Says which services are served, by registering each on the router. */
export type Routes = (router: ServiceRouter) => void;

/** A method that is served. */
export interface ServedMethod {
  readonly method: DescMethod;
  /** The implementation: takes and gives a message, or an async iterable of them where it streams. */
  readonly call: (request: unknown, context: CallContext) => unknown;
}

/** The methods of a server, looked up by service and method name. */
export class ServedMethods {
  readonly #services = new Map<string, Map<string, ServedMethod>>();

  constructor(routes: Routes) {
    routes({ service: (service, impl) => this.#add(service, impl) });
  }

  /** The method, or nothing when it is not served. */
  find(service: string, method: string): ServedMethod | undefined {
    return this.#services.get(service)?.get(method);
  }

  /** Why `find` gave nothing, in grpc-go's words. */
  missing(service: string, method: string): ConnectError {
    const text = this.#services.has(service)
      ? `unknown method ${method} for service ${service}`
      : `unknown service ${service}`;
    return new ConnectError(text, Code.Unimplemented);
  }

  #add(service: DescService, impl: object): void {
    const methods = this.#services.get(service.typeName) ?? new Map<string, ServedMethod>();
    this.#services.set(service.typeName, methods);
    for (const method of service.methods) {
      const call: unknown = Reflect.get(impl, method.localName);
      if (typeof call !== "function" || !isServable(method)) continue;
      methods.set(method.name, {
        method,
        call: (request, context) => Reflect.apply(call, impl, [request, context]),
      });
    }
  }
}

/** No method of the API streams both ways. */
function isServable({ methodKind }: DescMethod): boolean {
  return methodKind !== "bidi_streaming";
}
