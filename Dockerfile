# syntax=docker/dockerfile:1
# Keystead as an image, from a checkout: docker build --tag keystead . (docs/install.md says how to run it).

FROM node:24.21.0-trixie-slim AS build
WORKDIR /build
# Install scripts stay off: the one that would do something brings a second Node.
COPY package.json package-lock.json .npmrc ./
COPY console/package.json console/
COPY packages/client/package.json packages/client/
COPY packages/prisma/package.json packages/prisma/
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY tsconfig.json tsconfig.build.json prisma.config.ts ./
COPY prisma prisma
COPY scripts/generate.ts scripts/build-console.ts scripts/build.ts scripts/
COPY examples/demo examples/demo
COPY packages/client/src packages/client/src
COPY console console
COPY src src
# Without "optional" too, what makes the database client would stay: to npm it is an optional peer of that client.
RUN node scripts/generate.ts && node scripts/build-console.ts && node scripts/build.ts \
  && npm prune --omit=dev --omit=optional --ignore-scripts --no-audit --no-fund \
  && rm -rf node_modules/node node_modules/.bin node_modules/keystead-console node_modules/@keystead \
    node_modules/@prisma/generator node_modules/@prisma/generator-helper node_modules/@prisma/dmmf

FROM node:24.21.0-trixie-slim
# What is not needed to run cannot be misused.
RUN rm -rf /usr/local/lib/node_modules /usr/local/bin/npm /usr/local/bin/npx /usr/local/bin/corepack /opt/yarn* \
      /usr/local/bin/yarn /usr/local/bin/yarnpkg \
  && install --directory --owner=node --group=node --mode=700 /var/lib/keystead
WORKDIR /opt/keystead
COPY package.json LICENSE ./
COPY bin bin
COPY --from=build /build/node_modules node_modules
COPY --from=build /build/dist dist

# The only place that is written to: everything else may be read-only.
VOLUME /var/lib/keystead
# As many processes as the container has processors and memory for; with the embedded database it is one.
ENV NODE_ENV=production HOST=0.0.0.0 PORT=4600 DATA_FOLDER=/var/lib/keystead WORKERS=auto
EXPOSE 4600
USER node
HEALTHCHECK --interval=10s --timeout=8s --start-period=60s --retries=3 \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT}/readyz`).then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
STOPSIGNAL SIGTERM
ENTRYPOINT ["node", "/opt/keystead/bin/keystead.js"]
CMD ["serve"]
