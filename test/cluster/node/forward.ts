/** `node forward.ts ADDRESS:PORT ADDRESS:PORT`: passes connections to the first on to the second. */
import { connect, createServer, type Socket } from 'node:net';

const [from = '', to = ''] = process.argv.slice(2);

function placeOf(text: string): { host: string; port: number } {
  const [host = '', port = ''] = text.split(':');
  return { host, port: Number(port) };
}

/** An end of one is passed on; with a failure of one, the other is of no use. */
function join(one: Socket, other: Socket): void {
  one.pipe(other);
  one.on('error', () => other.destroy());
  one.on('close', () => other.destroy());
}

// A client may end its side before it has its answer.
const allowHalfOpen = true;
createServer({ allowHalfOpen }, (inner) => {
  const outer = connect({ ...placeOf(to), allowHalfOpen });
  join(inner, outer);
  join(outer, inner);
}).listen(placeOf(from));
