import type { Screen } from "../host.ts";
import { refusalText } from "../machine_configs.ts";
import { type Form, keysOf, press, type Values } from "./form.ts";
import { renderForm } from "./render.ts";

/** How long to wait for a key before the form is drawn anew: the terminal may have another size. */
const REDRAW_MS = 1_000;

/**
 * Shows a form until it is sent and `send` takes it; what `send` has against it is shown. Gives
 * undefined when the user cancels.
 */
export async function ask<T>(
  screen: Screen,
  form: Form,
  send: (values: Values) => Promise<T>,
  signal: AbortSignal,
): Promise<T | undefined> {
  let now = form;
  while (!signal.aborted) {
    screen.draw(renderForm(now, screen.size().rows));
    const text = await screen.key(REDRAW_MS, signal);
    for (const key of keysOf(text ?? "")) {
      const step = press(now, key);
      if (step.kind === "cancel") return undefined;
      if (step.kind === "edit") {
        now = step.form;
        continue;
      }
      screen.draw(renderForm({ ...now, message: "sending ..." }, screen.size().rows));
      try {
        return await send(step.values);
      } catch (error) {
        now = { ...now, message: oneLine(refusalText(error)) };
      }
    }
  }
  return undefined;
}

/** The first reasons of a refusal, without the count that stands before them. */
function oneLine(refusal: string): string {
  const reasons = refusal.replace(/^\d+ errors? occurred:/, "").split("\n")
    .map((line) => line.replace(/^\s*\* /, "").trim()).filter((line) => line !== "");
  return reasons.slice(0, 3).join("; ");
}
