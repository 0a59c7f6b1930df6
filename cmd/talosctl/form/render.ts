import { type Form, shownFields } from "./form.ts";

const KEYS = "up/down: move   left/right: choose   type: edit   Ctrl-U: clear   Esc: cancel";

/**
 * A form as the lines of a terminal of that many rows. A form that is higher shows the part around its
 * cursor.
 */
export function renderForm(form: Form, rows: number): string {
  const fields = shownFields(form);
  const width = Math.max(...fields.map(({ label }) => label.length));
  const lines = fields.map((field, at) => {
    const chosen = at === form.at;
    const value = field.kind === "choice"
      ? `< ${field.value} >`
      : `${field.value}${chosen ? "_" : ""}`;
    return `${chosen ? ">" : " "} ${field.label.padEnd(width)}  ${value}`;
  });
  const button = `${form.at === fields.length ? ">" : " "} [ Apply ]`;
  const body = [...lines, "", button];
  const at = form.at === fields.length ? body.length - 1 : form.at;
  const head = [form.title, ""];
  const foot = ["", form.message, KEYS];
  const room = Math.max(1, rows - head.length - foot.length);
  const from = Math.max(0, Math.min(at - Math.floor(room / 2), body.length - room));
  return [...head, ...body.slice(from, from + room), ...foot].join("\n");
}
