/** Builds an S3 server for the tests, once a machine. */
import { s3Server } from './s3/s3-server.ts';
import { runGoToolSetUp } from './set-up-go-tool.ts';

process.exitCode = await runGoToolSetUp(s3Server, import.meta.filename);
