import type { KubeObject } from "$lib/kube/mod.ts";
import { poolDefinition } from "./definition.ts";
import { POOLS } from "./pool.ts";

/** The program's name: of its deployment, its account and its lease. */
export const CONTROLLER_MANAGER = "talos-controller-manager";
export const NAMESPACE = "talos-system";

/** The Secret with its credentials, and where the program finds them. */
export const CREDENTIALS = {
  secret: CONTROLLER_MANAGER,
  key: "talosconfig",
  directory: "/var/run/secrets/talos.dev",
  /** PEM of authorities that registries' certificates may come from beside the well-known ones; optional. */
  registryCa: "registry-ca.crt",
} as const;

/** The port that tells the kubelet whether the program turns. */
export const HEALTH_PORT = 8080;

/** Nobody's: no other user of the image has it. */
const USER = 65532;

/** What a site chooses of the deployment. */
export interface DeploymentOptions {
  readonly image: string;
}

/** Everything that the program needs in a cluster, in the order in which it is applied; the Secret is the user's. */
export function managerManifests(options: DeploymentOptions): KubeObject[] {
  return [
    {
      apiVersion: "v1",
      kind: "Namespace",
      metadata: {
        name: NAMESPACE,
        labels: { "pod-security.kubernetes.io/enforce": "restricted" },
      },
    },
    poolDefinition(),
    {
      apiVersion: "v1",
      kind: "ServiceAccount",
      metadata: { name: CONTROLLER_MANAGER, namespace: NAMESPACE },
      automountServiceAccountToken: false,
    },
    ...rights(),
    deployment(options),
  ];
}

function rights(): KubeObject[] {
  const [group = ""] = POOLS.apiVersion.split("/");
  return [
    role("ClusterRole", undefined, [
      { apiGroups: [group], resources: [POOLS.plural], verbs: ["list", "watch"] },
      { apiGroups: [group], resources: [`${POOLS.plural}/status`], verbs: ["patch"] },
      { apiGroups: [""], resources: ["nodes"], verbs: ["list", "watch"] },
    ]),
    role("Role", NAMESPACE, [
      // A name cannot be asked of what is not there yet.
      { apiGroups: ["coordination.k8s.io"], resources: ["leases"], verbs: ["create"] },
      {
        apiGroups: ["coordination.k8s.io"],
        resources: ["leases"],
        resourceNames: [CONTROLLER_MANAGER],
        verbs: ["get", "patch"],
      },
    ]),
    // Events about what is in no namespace belong there.
    role("Role", "default", [{ apiGroups: [""], resources: ["events"], verbs: ["create"] }]),
  ].flatMap((one) => [one, binding(one)]);
}

function role(kind: string, namespace: string | undefined, rules: object[]): KubeObject {
  return {
    apiVersion: "rbac.authorization.k8s.io/v1",
    kind,
    metadata: { name: CONTROLLER_MANAGER, ...(namespace ? { namespace } : {}) },
    rules,
  };
}

function binding({ kind, metadata }: KubeObject): KubeObject {
  return {
    apiVersion: "rbac.authorization.k8s.io/v1",
    kind: `${kind}Binding`,
    metadata,
    roleRef: { apiGroup: "rbac.authorization.k8s.io", kind, name: CONTROLLER_MANAGER },
    subjects: [{ kind: "ServiceAccount", name: CONTROLLER_MANAGER, namespace: NAMESPACE }],
  };
}

function deployment({ image }: DeploymentOptions): KubeObject {
  const labels = { app: CONTROLLER_MANAGER };
  const name = CONTROLLER_MANAGER;
  const probe = { httpGet: { path: "/healthz", port: HEALTH_PORT }, timeoutSeconds: 10 };
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name, namespace: NAMESPACE, labels },
    spec: {
      replicas: 1,
      // The lease would keep a second one idle: there is no use in starting it beside the first.
      strategy: { type: "Recreate" },
      selector: { matchLabels: labels },
      template: {
        metadata: { labels },
        spec: {
          serviceAccountName: name,
          automountServiceAccountToken: true,
          priorityClassName: "system-cluster-critical",
          // Also where only control planes are left to run it.
          tolerations: ["control-plane", "master"].map((role) => (
            { key: `node-role.kubernetes.io/${role}`, operator: "Exists", effect: "NoSchedule" }
          )),
          securityContext: {
            runAsNonRoot: true,
            runAsUser: USER,
            runAsGroup: USER,
            fsGroup: USER,
            seccompProfile: { type: "RuntimeDefault" },
          },
          containers: [{
            name,
            image,
            securityContext: {
              allowPrivilegeEscalation: false,
              readOnlyRootFilesystem: true,
              capabilities: { drop: ["ALL"] },
            },
            resources: {
              requests: { cpu: "20m", memory: "96Mi" },
              limits: { cpu: "1", memory: "256Mi" },
            },
            // A runtime may take a minute to start on an emulated node.
            startupProbe: { ...probe, periodSeconds: 5, failureThreshold: 60 },
            livenessProbe: { ...probe, periodSeconds: 30, failureThreshold: 4 },
            env: [{ name: "POD_NAME", valueFrom: { fieldRef: { fieldPath: "metadata.name" } } }],
            volumeMounts: [
              { name: "credentials", mountPath: CREDENTIALS.directory, readOnly: true },
            ],
          }],
          volumes: [{
            name: "credentials",
            secret: { secretName: CREDENTIALS.secret, defaultMode: 0o440 },
          }],
        },
      },
    },
  };
}
