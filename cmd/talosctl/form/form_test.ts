import assert from "node:assert/strict";
import { type Form, keysOf, makeForm, press } from "./form.ts";
import { renderForm } from "./render.ts";

const FORM = makeForm("Title", [
  {
    kind: "text",
    name: "name",
    label: "Name",
    value: "ab",
    fault: (v) => v === "" ? "empty" : undefined,
  },
  { kind: "choice", name: "by", label: "By", value: "dhcp", choices: ["dhcp", "static"] },
  { kind: "text", name: "ip", label: "IP", value: "", shown: ({ by }) => by === "static" },
]);

/** The form after these keys, all of which edit it. */
function after(text: string, form: Form = FORM): Form {
  return keysOf(text).reduce((now, key) => {
    const step = press(now, key);
    assert.equal(step.kind, "edit", JSON.stringify(key));
    return step.kind === "edit" ? step.form : now;
  }, form);
}

const value = (form: Form, name: string) => form.fields.find((f) => f.name === name)?.value;

Deno.test("press() types, takes back and clears, also what is pasted at once", () => {
  assert.equal(value(after("cd é😀"), "name"), "abcd é😀");
  assert.equal(value(after("😀\x7f\x7f"), "name"), "a");
  assert.equal(value(after("\x15x\x00\x1b[5~"), "name"), "x");
});

Deno.test("press() moves around, over fields that are shown only, to the button and back", () => {
  assert.deepEqual(["", "\t", "\t\t", "\t\t\t"].map((keys) => after(keys).at), [0, 1, 2, 0]);
  assert.equal(after("\x1b[A").at, 2);
  assert.equal(after("\r\x1bOC\r").at, 2, "the address follows once it is there");
  assert.equal(value(after("\r\x1b[C\r1.2.3.4"), "ip"), "1.2.3.4");
});

Deno.test("press() goes round through choices", () => {
  assert.equal(value(after("\t\x1b[D"), "by"), "static");
  assert.equal(value(after("\t  "), "by"), "dhcp");
  assert.equal(value(after("\tx"), "by"), "dhcp");
});

Deno.test("press() sends by the button alone, and goes to the first field that is wrong", () => {
  assert.deepEqual(press(after("\t\t"), "\r"), {
    kind: "send",
    values: { name: "ab", by: "dhcp", ip: "" },
  });
  const wrong = after("\x15\t\t\r");
  assert.deepEqual([wrong.at, wrong.message], [0, "Name: empty"]);
  assert.equal(after("x", wrong).message, "");
  for (const key of ["\x1b", "\x03"]) assert.equal(press(FORM, key).kind, "cancel");
});

Deno.test("renderForm() shows fields, cursor and fault, and keeps within the rows", () => {
  assert.equal(
    renderForm({ ...FORM, message: "Name: empty" }, 24),
    [
      "Title",
      "",
      "> Name  ab_",
      "  By    < dhcp >",
      "",
      "  [ Apply ]",
      "",
      "Name: empty",
      "up/down: move   left/right: choose   type: edit   Ctrl-U: clear   Esc: cancel",
    ].join("\n"),
  );
  const many = makeForm(
    "Many",
    Array.from({ length: 40 }, (_, i) => (
      { kind: "text", name: `${i}`, label: `Field ${i}`, value: "" } as const
    )),
  );
  for (const at of [0, 20, 39, 40]) {
    const lines = renderForm({ ...many, at }, 12).split("\n");
    assert.ok(lines.length <= 12);
    assert.equal(lines.filter((line) => line.startsWith(">")).length, 1, `at ${at}`);
  }
});
