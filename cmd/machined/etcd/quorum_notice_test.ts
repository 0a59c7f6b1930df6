import assert from "node:assert/strict";
import { fromBinary } from "@bufbuild/protobuf";
import { EventRing } from "$lib/service/mod.ts";
import { ServiceStateEventSchema } from "$proto/machine/machine_pb.ts";
import { tellOfQuorum } from "./quorum_notice.ts";

for (const members of [1, 2]) {
  Deno.test(`tellOfQuorum() tells of a quorum that goes with one of ${members} by log and event`, async () => {
    const events = new EventRing();
    const logged: string[] = [];
    tellOfQuorum(members, { events, log: (line) => void logged.push(line) });
    const stream = events.watch({ tailEvents: -1 }, new AbortController().signal);
    const { value } = await stream.next();
    await stream.return();
    const { service, message } = fromBinary(ServiceStateEventSchema, value!.value);
    assert.equal(service, "etcd");
    assert.match(message, new RegExp(`^etcd has ${members} member.*without a quorum until`));
    assert.deepEqual(logged, [message]);
  });
}

Deno.test("tellOfQuorum() says nothing of a cluster that can do without one", () => {
  const unexpected = () => assert.fail("it told something");
  tellOfQuorum(3, { events: { publish: unexpected }, log: unexpected });
});
