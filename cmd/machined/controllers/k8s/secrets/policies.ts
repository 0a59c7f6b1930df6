import { stringify } from "yaml";

/** Secrets are encrypted at rest; those of before that are still read. */
export function encryptionConfig(aesCbcSecret: string): string {
  return stringify({
    apiVersion: "apiserver.config.k8s.io/v1",
    kind: "EncryptionConfiguration",
    resources: [{
      resources: ["secrets"],
      providers: [
        { aescbc: { keys: [{ name: "key1", secret: aesCbcSecret }] } },
        { identity: {} },
      ],
    }],
  });
}

/** Who asked for what, of every request. */
export function auditPolicy(): string {
  return stringify({
    apiVersion: "audit.k8s.io/v1",
    kind: "Policy",
    rules: [{ level: "Metadata" }],
  });
}

/**
 * Pod Security: `baseline` holds everywhere but in kube-system, which needs the host's network and
 * more; what `restricted` would refuse is audited and warned of.
 */
export function admissionConfig(): string {
  const version = "latest";
  return stringify({
    apiVersion: "apiserver.config.k8s.io/v1",
    kind: "AdmissionConfiguration",
    plugins: [{
      name: "PodSecurity",
      configuration: {
        apiVersion: "pod-security.admission.config.k8s.io/v1",
        kind: "PodSecurityConfiguration",
        defaults: {
          "enforce": "baseline",
          "enforce-version": version,
          "audit": "restricted",
          "audit-version": version,
          "warn": "restricted",
          "warn-version": version,
        },
        exemptions: { usernames: [], runtimeClasses: [], namespaces: ["kube-system"] },
      },
    }],
  });
}
