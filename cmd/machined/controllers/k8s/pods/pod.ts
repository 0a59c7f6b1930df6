import type { ExtraVolume, KubernetesObject } from "$lib/resources/mod.ts";

/** The user that the control plane runs as; its secrets belong to it. */
export const CONTROL_PLANE_UID = 65534;
/** Where the secrets of each component lie, on the machine and in its pod. */
export const SECRETS_DIR = "/system/secrets/kubernetes";

/** A component of the control plane. */
export type Component = "kube-apiserver" | "kube-controller-manager" | "kube-scheduler";

/** What tells one version of a static pod from another. */
export interface PodVersions {
  /** Version of the resource that holds the settings. */
  readonly config: string;
  /** Version of the secret files: pods read them when they start. */
  readonly secrets: string;
}

/** What differs from component to component. */
export interface PodParts {
  readonly component: Component;
  readonly image: string;
  readonly command: readonly string[];
  readonly versions: PodVersions;
  readonly requests: Readonly<Record<string, string>>;
  readonly extraVolumes: readonly ExtraVolume[];
  readonly env?: readonly KubernetesObject[];
  /** Where it tells over HTTPS and loopback that it is well. */
  readonly healthPort?: number;
}

/** The secrets of a component, as its flags name them. */
export function secretPath(component: Component, file: string): string {
  return `${SECRETS_DIR}/${component}/${file}`;
}

/** A static pod of the control plane. */
export function staticPod(parts: PodParts): KubernetesObject {
  const { component, versions, extraVolumes } = parts;
  const directory = `${SECRETS_DIR}/${component}`;
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      name: component,
      namespace: "kube-system",
      annotations: {
        "talos.dev/config-version": versions.config,
        "talos.dev/secrets-version": versions.secrets,
      },
      labels: { tier: "control-plane", "k8s-app": component },
    },
    spec: {
      // The kubelet admits static pods before the API server can tell it what the class is worth.
      priority: 2_000_000_000,
      priorityClassName: "system-cluster-critical",
      hostNetwork: true,
      securityContext: {
        runAsNonRoot: true,
        runAsUser: CONTROL_PLANE_UID,
        seccompProfile: { type: "RuntimeDefault" },
      },
      containers: [{
        name: component,
        image: parts.image,
        command: parts.command,
        ...(parts.env ? { env: parts.env } : {}),
        ...(parts.healthPort ? probes(parts.healthPort) : {}),
        resources: { requests: parts.requests },
        securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ["ALL"] } },
        volumeMounts: [
          { name: "secrets", mountPath: directory, readOnly: true },
          ...extraVolumes.map(({ name, mountPath, readonly }) => ({
            name,
            mountPath,
            readOnly: readonly,
          })),
        ],
      }],
      volumes: [
        { name: "secrets", hostPath: { path: directory } },
        ...extraVolumes.map(({ name, hostPath }) => ({ name, hostPath: { path: hostPath } })),
      ],
    },
  };
}

/**
 * Asks the component itself over loopback, as it serves nobody else. On a busy machine it may start as
 * slowly as ten minutes: a restart would begin that again, and make the machine busier.
 */
function probes(port: number): KubernetesObject {
  const probe = {
    httpGet: { host: "127.0.0.1", path: "/healthz", port, scheme: "HTTPS" },
    timeoutSeconds: 15,
  };
  return {
    startupProbe: { ...probe, periodSeconds: 5, failureThreshold: 120 },
    livenessProbe: { ...probe, initialDelaySeconds: 15, failureThreshold: 8 },
  };
}
