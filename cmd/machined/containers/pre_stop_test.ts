import assert from "node:assert/strict";
import { type PreStop, preStopOf } from "./pre_stop.ts";

const CASES: readonly [json: string, want: PreStop | undefined][] = [
  ['{"exec":{"command":["/bin/a","b"]}}', { kind: "exec", command: ["/bin/a", "b"] }],
  ['{"sleep":{"seconds":5}}', { kind: "sleep", seconds: 5 }],
  ['{"httpGet":{"path":"/stop","port":80}}', { kind: "get", url: "http://10.244.0.7:80/stop" }],
  ['{"httpGet":{"host":"fd00::1","port":8080}}', { kind: "get", url: "http://[fd00::1]:8080/" }],
  ["{}", undefined],
];
for (const [json, want] of CASES) {
  Deno.test(`preStopOf() reads ${json}`, () => {
    assert.deepEqual(preStopOf(json, "10.244.0.7"), want);
  });
}

Deno.test("preStopOf() gives nothing where a container asks for nothing", () => {
  assert.equal(preStopOf(undefined, ""), undefined);
});

for (const json of ['{"httpGet":{"port":"web"}}', '{"httpGet":{"port":443,"scheme":"HTTPS"}}']) {
  Deno.test(`preStopOf() says that it cannot run ${json}`, () => {
    assert.throws(() => preStopOf(json, "10.244.0.7"), /^Error: Cannot run preStop: httpGet/);
  });
}
