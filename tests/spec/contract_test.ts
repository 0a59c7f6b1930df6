/**
 * The command line of Talos 0.9, command by command, kept apart from the code: names, aliases, flags,
 * their letters and their defaults.
 *
 * @module
 */
import assert from "node:assert/strict";
import { type Command, type Entry, formatDuration, kebab } from "$lib/cli/mod.ts";
import { denoHost } from "../../cmd/talosctl/deno_host.ts";
import { talosctl } from "../../cmd/talosctl/program.ts";
import type { Session } from "../../cmd/talosctl/session.ts";

/** A command with its aliases, then its flags: `-f/--force`, `--tail=-1`, `(hidden)` behind hidden ones. */
const CONTRACT = `
apply-config|apply -f/--file -i/--insecure --cert-fingerprint --immediate --on-reboot --interactive --no-reboot(hidden)
bootstrap
cluster --name=talos-default --provisioner=qemu --state
cluster create --arch=* --cidr=* --config-patch --cpus=2 --crashdump --custom-cni-url --disk=* --disk-image-path --dns-domain=cluster.local --encrypt-ephemeral --encrypt-state --endpoint --initrd-path=* -i/--input-dir --install-image=* --iso-path --kubernetes-version --masters=1 --memory=* --mtu=1500 --nameservers=* --registry-insecure-skip-verify --registry-mirror --skip-kubeconfig --talos-version --use-vip --vmlinuz-path=* --wait=true --wait-timeout=20m0s --with-bootloader=* --with-debug --with-init-node --with-uefi=* --workers=*
cluster destroy
cluster show
completion
config add --ca --crt --key
config context|use-context
config contexts|get-contexts
config endpoint|endpoints
config node|nodes
config merge
containers|c -k/--kubernetes -c/--use-cri(hidden)
convert-k8s --endpoint --force --remove-initialized-key(hidden)
copy|cp
crashdump --init-node --control-plane-nodes --worker-nodes
dashboard -d/--update-interval=3s
dmesg -f/--follow --tail
edit --immediate --on-reboot --namespace
etcd forfeit-leadership
etcd leave
etcd members
etcd remove-member
events --tail --duration --since
gen ca --organization --hours=87600 --rsa
gen key --name
gen csr --key --ip
gen crt --ca --csr --name --hours=24
gen keypair --organization --ip
gen config --additional-sans --dns-domain=cluster.local --install-disk=/dev/sda --install-image=* --kubernetes-version -o/--output-dir -p/--persist=true --registry-mirror --talos-version --version=v1alpha1
get|g --namespace -o/--output=table -w/--watch
health --init-node --control-plane-nodes --worker-nodes --k8s-endpoint --run-e2e --server=true --wait-timeout=20m0s
images
inspect dependencies --with-resources
interfaces
kubeconfig -f/--force --force-context-name -m/--merge=true
list|ls -l/--long -r/--recurse -H/--humanize -d/--depth -t/--type
logs -f/--follow -k/--kubernetes --tail=-1 -c/--use-cri(hidden)
memory|m|free -v/--verbose
mounts|mount
patch -p/--patch --patch-file --immediate --on-reboot --namespace
processes|p|ps -s/--sort=rss -w/--watch
read
reboot
shutdown
rollback
recover -s/--source=apiserver
reset --graceful=true --reboot --system-labels-to-wipe
restart -k/--kubernetes -c/--use-cri(hidden)
routes|route
service|services
stats -k/--kubernetes -c/--use-cri(hidden)
time -c/--check
upgrade -i/--image -p/--preserve=true -s/--stage -f/--force
upgrade-k8s --from --to=* --endpoint
usage|du -a/--all -H/--humanize -d/--depth -t/--threshold
validate -c/--config -m/--mode
version --client --short
docs --config --cli
`;

const program = talosctl(
  { out: () => {}, err: () => {} },
  denoHost({ HOME: "/home/u" }, { out: () => {}, err: () => {} }),
);

async function find(path: readonly string[]): Promise<[Entry<Session>, Command<Session>]> {
  let children = program.commands;
  for (const [at, name] of path.entries()) {
    const entry = children.find(({ names }) => names[0] === name);
    assert.ok(entry, `there is no command "${path.join(" ")}"`);
    const command = await entry.load();
    if (at === path.length - 1) return [entry, command];
    children = command.children;
  }
  assert.fail("a command has a name");
}

/** A flag as the contract writes it. */
function written(name: string, flag: Command<Session>["flags"][string]): string {
  const fallback = flag.kind === "duration" && flag.fallback !== 0
    ? formatDuration(Number(flag.fallback))
    : String(flag.fallback);
  const shown = ["", "0", "false", "0s"].includes(fallback) ? "" : `=${fallback}`;
  const letter = flag.short ? `-${flag.short}/` : "";
  return `${letter}--${kebab(name)}${shown}${flag.hidden ? "(hidden)" : ""}`;
}

for (const line of CONTRACT.trim().split("\n")) {
  const words = line.split(" ");
  const path = words.filter((word) => !word.startsWith("-"));
  const flags = words.filter((word) => word.startsWith("-"));
  Deno.test(`talosctl ${path.join(" ")} has the aliases and flags of 0.9`, async () => {
    const names = path.map((word) => word.split("|")[0] ?? "");
    const [entry, command] = await find(names);
    assert.deepEqual([...entry.names], path.at(-1)?.split("|"));
    const have = Object.entries(command.flags).map(([name, flag]) => written(name, flag));
    for (const flag of flags) {
      const [name = ""] = flag.split("=*");
      const fits = flag.endsWith("=*")
        ? have.some((one) => one === name || one.startsWith(`${name}=`))
        : have.includes(flag);
      assert.ok(fits, `${flag} is missing among ${have.join(" ")}`);
    }
  });
}
