# The service's container: `make image` builds it, `make image-test` tests it. .dockerignore lists the files that it may copy.
# The base is Debian with CPython, by tag, so that a build without a registry can stand in for it. The pipeline builds from the
# digest that the tag has then, and records it (ecs/image.sh).
FROM python:3.13-slim AS python

FROM python AS locked
# Use the image's interpreter and the system's certificates, and copy files so that a later stage can use them.
ENV UV_PYTHON_DOWNLOADS=never UV_SYSTEM_CERTS=1 UV_LINK_MODE=copy
RUN python3 -m venv /uv && /uv/bin/pip install --no-cache-dir --disable-pip-version-check uv==0.13.9
WORKDIR /app
COPY pyproject.toml uv.lock ./

# For compose.yaml only: the environments of the rest of the local stack, which runs from the mounted checkout.
FROM locked AS local
RUN UV_PROJECT_ENVIRONMENT=/edge /uv/bin/uv sync --frozen --no-default-groups --group local --no-cache \
    && UV_PROJECT_ENVIRONMENT=/dynamodb /uv/bin/uv sync --frozen --only-group ministack --no-cache \
    && install -d -o 10001 -g 10001 /data
ENV PYTHONDONTWRITEBYTECODE=1
WORKDIR /picus
USER 10001:10001

FROM locked AS build
# Delete AWS's service descriptions, most of botocore's size, except those that credentials need (assumed roles and SSO).
# Delete translations, which are switched off, and of /docs/ the unused Redoc and Swagger UI's source maps.
# WhiteNoise serves the compressed file beside a file.
RUN /uv/bin/uv sync --frozen --no-default-groups --no-cache \
    && find .venv/lib/python3*/site-packages/botocore/data -mindepth 1 -maxdepth 1 -type d \
        ! -name sts ! -name 'sso*' ! -name signin -exec rm -r {} + \
    && find .venv \( -name '*.[mp]o' -o -path '*/static/*.map' -o -path '*_sidecar/redoc/*' \) -delete \
    && gzip -knf9 .venv/lib/python3*/site-packages/drf_spectacular_sidecar/static/*/swagger-ui-dist/swagger-ui-bundle.js \
        .venv/lib/python3*/site-packages/drf_spectacular_sidecar/static/*/swagger-ui-dist/swagger-ui.css
# The list of the locked packages, in CycloneDX.
RUN /uv/bin/uv export --quiet --frozen --no-default-groups --format cyclonedx1.5 --output-file sbom.cdx.json > /dev/null
COPY manage.py picus gunicorn.conf.py ./
COPY picus_api picus_api
COPY picus_project picus_project
# Compile bytecode that is not checked against its source: the files never change, and the file system may be read-only.
RUN rm -f pyproject.toml uv.lock .venv/.lock \
    && .venv/bin/python3 -m compileall -q -j 0 --invalidation-mode unchecked-hash .

FROM python
# Delete pip and ensurepip, because nothing installs packages in the image.
RUN python3 -c "import ensurepip, shutil; shutil.rmtree(ensurepip.__path__[0])" \
    && rm -rf /usr/local/bin/pip* /usr/local/lib/python3*/site-packages/pip*
WORKDIR /app
COPY --from=build /app .
ENV PATH=/app/.venv/bin:$PATH PYTHONUNBUFFERED=1 BIND_HOST=0.0.0.0 PORT=8000
# Each thread would keep up to 0.2 MB of freed blocks, between which larger ones fit no more: memory would grow for hours.
ENV GLIBC_TUNABLES=glibc.malloc.tcache_count=0
# Load the service once. This compiles the modules of the standard library that it needs, which the base has no bytecode of,
# and stops the build if the service can't be loaded.
RUN DYNAMODB_TABLE_NAME=none gunicorn --check-config -c gunicorn.conf.py picus_project.wsgi:application
# The response of /__version__, in Dockerflow's format.
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
# The only writable folder, for bodies of many items until they are read. It is a volume because the root file system may be
# read-only. Docker and Fargate give a volume this owner and these permissions.
RUN install -d -m 700 -o 10001 -g 10001 /spool
ENV SPOOL_DIR=/spool
VOLUME ["/spool"]
# A number, so that the host can check that it is not root. The user owns no other file.
USER 10001:10001
HEALTHCHECK --interval=10s --timeout=3s --start-period=15s --retries=3 \
    CMD ["python3", "-c", "import os, urllib.request as r; r.urlopen('http://127.0.0.1:' + os.environ['PORT'] + '/__lbheartbeat__', timeout=2)"]
# Without a shell, so that SIGTERM reaches gunicorn, which first finishes its requests.
CMD ["gunicorn", "-c", "gunicorn.conf.py", "picus_project.wsgi:application"]
