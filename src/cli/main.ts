// Without a listener Node opens its debugger at this signal, and whoever connects to that runs code as Picket. Set before all the rest is
// loaded, which takes a while; the agent has another use for it.
process.on('SIGUSR1', () => {});

const { processIo } = await import('./io.ts');
const { runProgram } = await import('./program.ts');

// A reader that goes away (`picket flows | head`) is no error of ours.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(0);
    throw error;
  });
}
process.exitCode = await runProgram(process.argv.slice(2), processIo);
