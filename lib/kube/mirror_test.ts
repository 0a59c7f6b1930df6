import assert from "node:assert/strict";
import { systemClock } from "$lib/clock/mod.ts";
import { KubeError } from "./error.ts";
import { Mirror } from "./mirror.ts";
import { type KubeObject, TYPES } from "./mod.ts";
import type { KubeEvent } from "./watch.ts";

const object = (name: string, resourceVersion: string): KubeObject => (
  { apiVersion: "v1", kind: "Node", metadata: { name, resourceVersion } }
);

Deno.test("Mirror lists page by page, follows, and lists anew once its watch is too old", async () => {
  const over = new AbortController();
  const { signal } = over;
  const asked: string[] = [];
  const lists = [
    { items: [object("a", "1")], metadata: { resourceVersion: "5", continue: "more" } },
    { items: [object("b", "2")], metadata: { resourceVersion: "5" } },
    { items: [object("b", "9"), object("d", "8")], metadata: { resourceVersion: "9" } },
  ];
  const events: (KubeEvent[] | Error)[] = [
    [{ type: "ADDED", object: object("c", "6") }, { type: "DELETED", object: object("a", "7") }],
    [{ type: "MODIFIED", object: object("b", "8") }],
    new KubeError(410, "Expired", "too old resource version"),
  ];
  const seen: string[] = [];
  const mirror: Mirror = new Mirror({
    kube: {
      list: (_type, { continue: rest = "" } = {}) => {
        asked.push(`list ${rest}`.trim());
        return Promise.resolve(lists.shift() as never);
      },
      async *watch(_type, { resourceVersion }) {
        asked.push(`watch ${resourceVersion}`);
        const next = events.shift();
        if (!next) return over.abort();
        if (next instanceof Error) throw next;
        yield* next;
      },
    },
    type: TYPES.nodes,
    changed: () =>
      void seen.push(
        mirror.objects.map(({ metadata }) => metadata.name + metadata.resourceVersion).join(" "),
      ),
    log: (line) => void asked.push(line),
    clock: { ...systemClock, sleep: () => Promise.resolve() },
  });
  assert.equal(mirror.synced, false);
  await mirror.run(signal);
  assert.equal(mirror.synced, true);
  assert.deepEqual(asked, [
    ...["list", "list more", "watch 5", "watch 7", "watch 8", "too old resource version"],
    ...["list", "watch 9"],
  ]);
  assert.deepEqual(seen, ["a1 b2", "a1 b2 c6", "b2 c6", "b8 c6", "b9 d8"]);
});
