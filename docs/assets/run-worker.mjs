// One Python in a worker of its own: the page ends it to stop it, and starts another.
let py, run
const say = message => postMessage(message)
const base = new URL("run/", import.meta.url)

const start = async () => {
  const real = self.fetch.bind(self)
  self.fetch = async (address, options) => { // compressed by us, because not every host does
    if (!String(address.url ?? address).endsWith("pyodide.asm.wasm")) return real(address, options)
    const packed = await real(new URL("pyodide.asm.wasm.gz", base))
    if (!packed.ok) throw Error(`${packed.url}: ${packed.status}`)
    return new Response(packed.body.pipeThrough(new DecompressionStream("gzip")), { headers: { "Content-Type": "application/wasm" } })
  }
  const archives = ["numpy.zip", "perpnotes.tar.gz", "tzdata.tar.gz"].map(async name => { // beside the interpreter, not after it
    const got = await real(new URL(name, base))
    if (!got.ok) throw Error(`${got.url}: ${got.status}`)
    return got.arrayBuffer()
  })
  say({ type: "progress", text: "loading Python" })
  const { loadPyodide } = await import(new URL("pyodide.mjs", base).href)
  py = await loadPyodide({ indexURL: base.href, args: ["-B"], env: { HOME: "/home/pyodide", TZ: "UTC", PYTHONHASHSEED: "0" } })
  say({ type: "progress", text: "loading numpy and the library" })
  const place = py.runPython("import sysconfig; sysconfig.get_path('purelib')")
  const kinds = ["zip", "gztar", "gztar"]
  for (const [i, archive] of archives.entries()) py.unpackArchive(await archive, kinds[i], { extractDir: place })
  say({ type: "progress", text: "starting" })
  run = py.runPython(`
import contextlib, io, linecache, random, sys, traceback, warnings
import numpy as np

class _Printed(io.StringIO):
    def write(self, text):
        if self.tell() + len(text) > 200_000:
            raise ValueError("a block must print at most 200,000 characters")
        return super().write(text)

def fresh():
    random.seed(0)
    np.random.seed(0)
    return {"__name__": "__main__"}

def run(source, name, names):
    out = _Printed()
    error, line = None, None
    linecache.cache[name] = (len(source), None, source.splitlines(True), name)
    with contextlib.redirect_stdout(out), warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            exec(compile(source, name, "exec"), names)
        except BaseException as problem:
            trace = problem.__traceback__
            while trace and trace.tb_frame.f_code.co_filename != name:
                trace = trace.tb_next
            line = problem.lineno if isinstance(problem, SyntaxError) and problem.filename == name else trace and trace.tb_lineno
            while trace and trace.tb_next and trace.tb_next.tb_frame.f_code.co_filename == name:
                trace = trace.tb_next
                line = trace.tb_lineno
            error = "".join(traceback.format_exception_only(problem)).strip()
    return out.getvalue(), error, line
run`)
  py.runPython("import perpnotes")
}

const started = start()
onmessage = async ({ data }) => {
  try {
    await started
    if (data.type === "call") { // a function of the page, by name, with text in and text out
      const answer = py.globals.get(data.name)(data.text)
      return say({ type: "answer", id: data.id, answer })
    }
    if (data.type === "define") {
      py.runPython(data.code)
      return say({ type: "answer", id: data.id })
    }
    const names = py.runPython("fresh()")
    for (const { name, code } of data.blocks) {
      say({ type: "progress", text: "running", name })
      const found = run(code, name, names), [out, error, line] = found.toJs()
      found.destroy()
      say({ type: "block", id: data.id, name, out, error, line })
      if (error) break
    }
    names.destroy()
    say({ type: "done", id: data.id })
  } catch (problem) { say({ type: "fault", id: data.id, text: String(problem.message ?? problem) }) }
}
