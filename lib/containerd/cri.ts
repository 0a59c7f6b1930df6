import { type Client, createClient } from "@connectrpc/connect";
import { unixTransport } from "$lib/rpc/mod.ts";
import { ImageService, RuntimeService } from "$proto/runtime/runtime_pb.ts";

/** Kubernetes' view of a containerd: pods and the containers in them. */
export type Cri = Client<typeof RuntimeService>;

/** A client of the container runtime interface on `socket`. */
export function criClient(socket: string): Cri {
  return createClient(RuntimeService, unixTransport(socket));
}

/** The images that pods are made from, as the kubelet handles them. */
export type CriImages = Client<typeof ImageService>;

/** A client of the images of the container runtime interface on `socket`. */
export function criImages(socket: string): CriImages {
  return createClient(ImageService, unixTransport(socket));
}
