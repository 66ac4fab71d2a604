# One recipe for all images; SERVICE says which: order, inventory, payment, notification or stand-ins.
#   docker build --build-arg SERVICE=order --tag flotilla/order .
# docs/images.md says what is in them and how they are run.

# To build in: any image with a shell, npm and the runtime's release of Node.
ARG BUILDER=docker.io/library/node:26-trixie-slim
# To run in: no shell and no package manager.
ARG RUNTIME=gcr.io/distroless/nodejs26-debian13

FROM --platform=$BUILDPLATFORM ${BUILDER} AS dependencies
WORKDIR /source
# The store is filled from the lock file alone, so that a change of the source does not fetch anything again.
COPY package.json pnpm-lock.yaml pnpm-workspace.yaml ./
RUN npx --yes "$(node -p 'require("./package.json").packageManager')" fetch --prod

FROM dependencies AS bundle
COPY . .
RUN npx --yes "$(node -p 'require("./package.json").packageManager')" install --prod --frozen-lockfile --offline
ARG SERVICE
ARG VERSION=0.0.0
RUN node local/bundle/src/main.ts "$SERVICE" --out /app --release "$VERSION"

# Node's compile cache holds for one release of Node, one user and one path, so it is made by the runtime itself.
FROM ${RUNTIME} AS warm
USER 65532:65532
COPY --from=bundle /source/local/bundle/package.json /bundle/
COPY --from=bundle /source/local/bundle/src /bundle/src
COPY --from=bundle /app /app
RUN ["/nodejs/bin/node", "/bundle/src/main.ts", "--warm", "/tmp/compile-cache", "--out", "/app"]

FROM ${RUNTIME}
COPY --from=warm /tmp/compile-cache /app/.compile-cache
COPY --from=bundle /app /app
WORKDIR /app
USER 65532:65532
ENV NODE_ENV=production NODE_COMPILE_CACHE=/app/.compile-cache
EXPOSE 8080
ENTRYPOINT ["/nodejs/bin/node"]
CMD ["/app/main.js"]
# What changes from release to release comes last.
ARG SERVICE
ARG RUNTIME
ARG VERSION=0.0.0
ARG REVISION=
ARG SOURCE=
ARG LICENSES=NOASSERTION
ENV SERVICE_VERSION=${VERSION}
LABEL org.opencontainers.image.title="flotilla/${SERVICE}" \
  org.opencontainers.image.description="Flotilla takes orders and never loses one: ${SERVICE}" \
  org.opencontainers.image.source="${SOURCE}" \
  org.opencontainers.image.revision="${REVISION}" \
  org.opencontainers.image.version="${VERSION}" \
  org.opencontainers.image.licenses="${LICENSES}" \
  org.opencontainers.image.base.name="${RUNTIME}"
