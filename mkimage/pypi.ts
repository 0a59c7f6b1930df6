import { type Archive, Vanished } from "./fetch.ts";
import { ProgramError, run } from "./run.ts";

/** The Python package index that this host is set up for; wheels for x86-64 Linux. */
export const PYPI_ARCHIVE: Archive = {
  name: "pypi",
  async download(name, version, directory) {
    try {
      await run("python3", [
        ...["-m", "pip", "download", "--quiet", "--no-deps", "--only-binary", ":all:"],
        ...["--python-version", "3.11", "--platform", "manylinux_2_28_x86_64"],
        ...["--platform", "manylinux_2_17_x86_64", "--platform", "manylinux2014_x86_64"],
        ...["--platform", "manylinux_2_35_x86_64", "--dest", directory, `${name}==${version}`],
      ]);
    } catch (cause) {
      const gone = cause instanceof ProgramError && /No matching distribution/.test(cause.stderr);
      throw gone ? new Vanished(name, version, { cause }) : cause;
    }
    const files = [...Deno.readDirSync(directory)].filter((file) => file.name.endsWith(".whl"));
    if (!files[0]) throw new Error(`Cannot fetch ${name} ${version}: pip left no file`);
    return files[0].name;
  },
};
