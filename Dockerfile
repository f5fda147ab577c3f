# The service's container: `make image` builds it, `make image-test` runs it. Only what .dockerignore names gets in.
# Debian with CPython and nothing else. Pinned by tag, as no registry was in reach when this was written: to pin it by
# digest too, append what `docker buildx imagetools inspect python:3.13-slim` says, and let a bot keep it current.
FROM python:3.13-slim AS python

FROM python AS locked
# The image's own interpreter; what the system trusts; files that a later stage can copy.
ENV UV_PYTHON_DOWNLOADS=never UV_SYSTEM_CERTS=1 UV_LINK_MODE=copy
RUN python3 -m venv /uv && /uv/bin/pip install --no-cache-dir --disable-pip-version-check uv==0.13.9
WORKDIR /app
COPY pyproject.toml uv.lock ./

# For compose.yaml alone: what the rest of the local stack runs on. The stack itself is the checkout, mounted.
FROM locked AS local
RUN UV_PROJECT_ENVIRONMENT=/edge /uv/bin/uv sync --frozen --no-default-groups --group local --no-cache \
    && UV_PROJECT_ENVIRONMENT=/dynamodb /uv/bin/uv sync --frozen --only-group ministack --no-cache \
    && install -d -o 10001 -g 10001 /data
ENV PYTHONDONTWRITEBYTECODE=1
WORKDIR /picus
USER 10001:10001

FROM locked AS build
# Of AWS's service descriptions, nearly all of botocore's weight, credentials need these at most: assumed roles and SSO.
# Translations are nearly half of the rest, and switched off. Of the documentation page's assets, Redoc is not ours, and
# source maps are for those who work on Swagger UI. WhiteNoise serves the compressed file beside a file.
RUN /uv/bin/uv sync --frozen --no-default-groups --no-cache \
    && find .venv/lib/python3*/site-packages/botocore/data -mindepth 1 -maxdepth 1 -type d \
        ! -name sts ! -name 'sso*' ! -name signin -exec rm -r {} + \
    && find .venv \( -name '*.[mp]o' -o -path '*/static/*.map' -o -path '*_sidecar/redoc/*' \) -delete \
    && gzip -knf9 .venv/lib/python3*/site-packages/drf_spectacular_sidecar/static/*/swagger-ui-dist/swagger-ui-bundle.js \
        .venv/lib/python3*/site-packages/drf_spectacular_sidecar/static/*/swagger-ui-dist/swagger-ui.css
COPY manage.py gunicorn.conf.py ./
COPY picus_api picus_api
COPY picus_project picus_project
# Bytecode that needs no check against its source: nobody writes here again, and a root file system may be read-only.
RUN rm -f pyproject.toml uv.lock .venv/.lock \
    && .venv/bin/python3 -m compileall -q -j 0 --invalidation-mode unchecked-hash .

FROM python
# Nothing installs packages in here: pip goes, and what could bring it back.
RUN python3 -c "import ensurepip, shutil; shutil.rmtree(ensurepip.__path__[0])" \
    && rm -rf /usr/local/bin/pip* /usr/local/lib/python3*/site-packages/pip*
WORKDIR /app
COPY --from=build /app .
ENV PATH=/app/.venv/bin:$PATH PYTHONUNBUFFERED=1 BIND_HOST=0.0.0.0 PORT=8000
# The official image comes without bytecode of the standard library, which nobody could write later: loading the service
# once writes what it needs. And what does not load is no image.
RUN DYNAMODB_TABLE_NAME=none gunicorn --check-config -c gunicorn.conf.py picus_project.wsgi:application
# What /__version__ answers, in Dockerflow's form.
ARG VERSION=development
ARG COMMIT=unknown
ARG SOURCE=unknown
ARG BUILD=none
RUN printf '{"version": "%s", "commit": "%s", "source": "%s", "build": "%s"}\n' \
        "$VERSION" "$COMMIT" "$SOURCE" "$BUILD" > version.json
LABEL org.opencontainers.image.title="picus" \
      org.opencontainers.image.description="A JSON item store on DynamoDB: list, put and get" \
      org.opencontainers.image.version="$VERSION" \
      org.opencontainers.image.revision="$COMMIT" \
      org.opencontainers.image.source="$SOURCE"
EXPOSE 8000
# Where bodies of many items are kept until they are read, the one folder to write to. A volume, for a root file system that
# is read-only; whoever mounts something there takes over its owner and permissions.
RUN install -d -m 700 -o 10001 -g 10001 /spool
ENV SPOOL_DIR=/spool
VOLUME ["/spool"]
# A number, so that a host can tell that it is not root; it owns nothing else here.
USER 10001:10001
HEALTHCHECK --interval=10s --timeout=3s --start-period=15s --retries=3 \
    CMD ["python3", "-c", "import os, urllib.request as r; r.urlopen('http://127.0.0.1:' + os.environ['PORT'] + '/__lbheartbeat__', timeout=2)"]
# No shell in between: SIGTERM reaches gunicorn, which ends its requests first.
CMD ["gunicorn", "-c", "gunicorn.conf.py", "picus_project.wsgi:application"]
