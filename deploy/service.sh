#!/bin/sh
# Starts the one service of an image, or the module that is named, with its arguments. Settings come from the environment, and from the file that
# compose's first job wrote for this service's user, if there is one.
set -eu
umask 0007 # the services share the blob store by their group
settings="/run/credentials/$SERVICE.env"
if [ -r "$settings" ]; then
  set -a
  . "$settings"
  set +a
fi
if [ $# -gt 0 ]; then
  exec python -m "$@"
fi
exec python -m uvicorn --factory "services.$SERVICE.app:app" --no-access-log \
  --host "${PATCHVIGIL_HTTP_HOST:-0.0.0.0}" --port "${PATCHVIGIL_HTTP_PORT:-8000}" \
  --timeout-graceful-shutdown 25
