import { describe, expect, it } from 'vitest';
import { ProfileError, resolvePaths } from '../../src/state/paths.ts';

const user = { home: '/home/op', uid: 1000, exists: () => true };

describe('paths in force', () => {
  it('follows the XDG base folders for a user', () => {
    const paths = resolvePaths({ ...user, env: {} });
    expect(paths.estateFile.path).toBe('/home/op/.config/c138/estate.yaml');
    expect(paths.evidenceDir).toBe('/home/op/.local/state/c138/evidence');
    expect(paths.stateDir.why).toBe('default for this user');
    const set = resolvePaths({ ...user, env: { XDG_CONFIG_HOME: '/x', XDG_STATE_HOME: '/y' } });
    expect([set.configDir.path, set.stateDir.path]).toEqual(['/x/c138', '/y/c138']);
  });

  it('ignores a relative XDG folder, as the specification says', () => {
    expect(resolvePaths({ ...user, env: { XDG_STATE_HOME: 'here' } }).stateDir.path).toBe(
      '/home/op/.local/state/c138',
    );
  });

  it('takes the installed folders only for root on a machine that has them', () => {
    expect(resolvePaths({ ...user, uid: 0, env: {} }).stateDir.path).toBe('/var/lib/c138');
    expect(resolvePaths({ ...user, uid: 0, env: {} }).estateFile.path).toBe('/etc/c138/estate.yaml');
    expect(resolvePaths({ ...user, uid: 0, env: {}, exists: () => false }).stateDir.path).toBe(
      '/home/op/.local/state/c138',
    );
  });

  it('lets a flag beat the environment, and the environment beat all else', () => {
    const env = { C138_CONFIG: '/e/estate.yaml', C138_STATE_DIR: '/e/state', C138_CONFIG_DIR: '/e/config' };
    const byEnv = resolvePaths({ ...user, uid: 0, env });
    expect(byEnv.estateFile).toEqual({ path: '/e/estate.yaml', why: 'C138_CONFIG' });
    expect(byEnv.trustFile).toBe('/e/config/trust/trust.json');
    const byFlag = resolvePaths({ ...user, env, flags: { config: '/f/estate.yaml', stateDir: '/f/state' } });
    expect(byFlag.estateFile).toEqual({ path: '/f/estate.yaml', why: '--config' });
    expect(byFlag.stateDir).toEqual({ path: '/f/state', why: '--state-dir' });
  });

  it('gives a profile its own estate file, trust store and state, and shares settings and keys', () => {
    const paths = resolvePaths({ ...user, env: { C138_PROFILE: 'lab' }, flags: { profile: 'north-2' } });
    expect(paths.profile).toEqual({ name: 'north-2', why: '--profile' });
    expect(paths.estateFile.path).toBe('/home/op/.config/c138/profiles/north-2/estate.yaml');
    expect(paths.trustFile).toBe('/home/op/.config/c138/profiles/north-2/trust/trust.json');
    expect(paths.evidenceDir).toBe('/home/op/.local/state/c138/profiles/north-2/evidence');
    expect([paths.configDir.path, paths.keysDir]).toEqual([
      '/home/op/.config/c138',
      '/home/op/.config/c138/keys',
    ]);
    expect(resolvePaths({ ...user, env: { C138_PROFILE: 'lab' } }).profile?.why).toBe('C138_PROFILE');
    expect(resolvePaths({ ...user, env: {} }).profile).toBeNull();
  });

  it.each(['..', 'a/b', 'UPPER', '-x', 'x'.repeat(33)])(
    'takes no folder name from elsewhere: %s',
    (profile) => {
      expect(() => resolvePaths({ ...user, env: {}, flags: { profile } })).toThrow(ProfileError);
    },
  );
});
