"""TLS in front of a local DynamoDB, as AWS has it: ``python -m bench.tls_endpoint PORT DATABASE_PORT``.

Its certificate is signed by an authority made at each start, which AUTHORITY then contains.
"""

import asyncio
import ssl
import sys
from contextlib import closing
from functools import partial

from bench.machine import WORK

AUTHORITY = WORK / "authority.pem"


async def serve(database: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Pass the bytes of one connection on, both ways."""
    from_database, to_database = await asyncio.open_connection("127.0.0.1", database)
    await asyncio.gather(_pass_on(reader, to_database), _pass_on(from_database, writer))


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with closing(writer):
        while piece := await reader.read(1 << 16):
            writer.write(piece)


async def main() -> None:
    import trustme  # noqa: PLC0415 - the report, which imports AUTHORITY, does without

    authority, context = trustme.CA(), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1", key_type=trustme.KeyType.RSA).configure_cert(context)  # AWS's keys are RSA's
    authority.cert_pem.write_to_path(str(AUTHORITY))
    port, database = int(sys.argv[1]), int(sys.argv[2])
    server = await asyncio.start_server(partial(serve, database), "127.0.0.1", port, ssl=context)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
