// An identity provider for tests: `node issuer.mjs FILE`, FILE a JSON object
//   port     where it listens on loopback
//   keys     [{kid, alg}], the first of each algorithm signs; private parts are made once and kept beside FILE
//   clients  {id: {secret, alg, claims}}: a machine that asks for an access token, and what its tokens say besides
// It says `ready` on its first line. Tokens are for the audience `jiewang`.
import { generateKeyPairSync } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Provider } from 'oidc-provider';

const file = process.argv[2];
const { port, keys, clients } = JSON.parse(readFileSync(file, 'utf8'));

const kinds = {
  ES256: ['ec', { namedCurve: 'P-256' }],
  RS256: ['rsa', { modulusLength: 2048 }],
};

function privateKey({ kid, alg }) {
  const kept = join(dirname(file), `${kid}.jwk`);
  if (!existsSync(kept)) {
    const made = generateKeyPairSync(...kinds[alg]).privateKey.export({ format: 'jwk' });
    writeFileSync(kept, JSON.stringify({ ...made, kid, alg, use: 'sig' }), { mode: 0o600 });
  }
  return JSON.parse(readFileSync(kept, 'utf8'));
}

const provider = new Provider(`http://127.0.0.1:${port}`, {
  jwks: { keys: keys.map(privateKey) },
  clients: Object.entries(clients).map(([client_id, { secret }]) => ({
    client_id,
    client_secret: secret,
    grant_types: ['client_credentials'],
    redirect_uris: [],
    response_types: [],
  })),
  features: {
    devInteractions: { enabled: false },
    clientCredentials: { enabled: true },
    resourceIndicators: {
      enabled: true,
      getResourceServerInfo: (_context, _resource, client) => ({
        scope: 'api',
        audience: 'jiewang',
        accessTokenFormat: 'jwt',
        accessTokenTTL: 600,
        jwt: { sign: { alg: clients[client.clientId].alg } },
      }),
    },
  },
  extraTokenClaims: (_context, token) => clients[token.clientId].claims,
});
provider.listen(port, '127.0.0.1', () => console.log('ready'));
