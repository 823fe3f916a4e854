import { Wallet } from 'ethers';
import { describe, expect, test } from 'vitest';
import {
  freshPrivateKey,
  inspectKeystore,
  makeKeystore,
  openKeystore,
  SCRYPT_N,
} from '../../src/evidence/keystore.ts';

/** The two test vectors of the Web3 Secret Storage definition; both hold the same key. */
const KEY = '0x7a28b5ba57c53603b0b07b56bba752f7784bf506fa95edc395f5cf6c7514fe9d';
const PASSWORD = 'testpassword';
const base = {
  address: '008aeeda4d805471df9b2a5b0f38a0c3bcba786b',
  id: '3198bc9c-6672-5ab3-d995-4942343ae5b6',
  version: 3,
};
const scrypt = {
  ...base,
  crypto: {
    cipher: 'aes-128-ctr',
    cipherparams: { iv: '83dbcc02d8ccb40e466191a123791e0e' },
    ciphertext: 'd172bf743a674da9cdad04534d56926ef8358534d458fffccd4e6ad2fbde479c',
    kdf: 'scrypt',
    kdfparams: {
      dklen: 32,
      n: 262144,
      r: 1,
      p: 8,
      salt: 'ab0c7876052600dd703518d6fc3fe8984592145b591fc8fb5c6d43190334ba19',
    },
    mac: '2103ac29920d71da29f15d75b4a16dbe95cfd7ff8faea1056c33131d846e3097',
  },
};
const pbkdf2 = {
  ...base,
  crypto: {
    cipher: 'aes-128-ctr',
    cipherparams: { iv: '6087dab2f9fdbbfaddc31a909735c1e6' },
    ciphertext: '5318b4d5bcd28de64ee5559e671353e16f075ecae9f99c7a79a38af5f869aa46',
    kdf: 'pbkdf2',
    kdfparams: {
      c: 262144,
      dklen: 32,
      prf: 'hmac-sha256',
      salt: 'ae3cd4e7013836a3df6bd7241b12db061dbe2c6785853cce422d148a624ce0bd',
    },
    mac: '517ead924a9d0dc3124507e3393d175ce3ff7c1e96529c6c555ce9e51205e9b2',
  },
};

describe('the keystore', () => {
  test.each([
    ['pbkdf2', pbkdf2],
    ['pbkdf2 under the member that ethers writes', { ...base, Crypto: pbkdf2.crypto }],
  ])('opens the published vector: %s', async (_name, json) => {
    expect(await openKeystore(JSON.stringify(json), PASSWORD)).toBe(KEY);
  });

  test('of the published scrypt vector is refused: its N is 2^18 with r = 1, which RFC 7914 section 2 forbids', async () => {
    await expect(openKeystore(JSON.stringify(scrypt), PASSWORD)).rejects.toThrow(/RFC 7914/);
    await expect(Wallet.fromEncryptedJson(JSON.stringify(scrypt), PASSWORD)).rejects.toThrow();
  });

  test('that is made here opens here and in ethers, has `crypto` in lower case and a high cost', async () => {
    const key = freshPrivateKey();
    const text = await makeKeystore(key, 'Grün – passphrase');
    expect(await openKeystore(text, 'Grün – passphrase')).toBe(key);
    expect((await Wallet.fromEncryptedJson(text, 'Grün – passphrase')).privateKey).toBe(key);
    const json = JSON.parse(text) as typeof scrypt;
    expect(Object.keys(json)).toContain('crypto');
    expect(json.crypto.kdfparams.n).toBe(SCRYPT_N);
    expect(SCRYPT_N).toBeGreaterThanOrEqual(131_072);
    expect(inspectKeystore(text).weak).toBe(false);
    expect(text).not.toContain(key.slice(2));
  });

  test('that ethers makes opens here', async () => {
    const wallet = Wallet.createRandom();
    const text = await wallet.encrypt('passphrase');
    expect(await openKeystore(text, 'passphrase')).toBe(wallet.privateKey);
  });

  test('does not open with a wrong passphrase or when any part was changed', async () => {
    const text = await makeKeystore(freshPrivateKey(), 'right', 1024);
    expect(inspectKeystore(text).weak).toBe(true);
    await expect(openKeystore(text, 'wrong')).rejects.toThrow(/wrong passphrase/);
    const json = JSON.parse(text) as typeof scrypt;
    const other = (hex: string) => (hex.startsWith('0') ? '1' : '0') + hex.slice(1);
    for (const crypto of [
      { ...json.crypto, ciphertext: other(json.crypto.ciphertext) },
      { ...json.crypto, mac: other(json.crypto.mac) },
      { ...json.crypto, cipherparams: { iv: other(json.crypto.cipherparams.iv) } },
      { ...json.crypto, kdfparams: { ...json.crypto.kdfparams, salt: other(json.crypto.kdfparams.salt) } },
      { ...json.crypto, kdfparams: { ...json.crypto.kdfparams, dklen: 16 } },
      { ...json.crypto, kdfparams: { ...json.crypto.kdfparams, n: 1000 } },
      { ...json.crypto, cipher: 'none' },
      { ...json.crypto, ciphertext: 'zz' },
    ])
      await expect(openKeystore(JSON.stringify({ ...json, crypto }), 'right')).rejects.toThrow(
        /keystore|key inside/,
      );
    await expect(openKeystore(JSON.stringify({ ...json, address: base.address }), 'right')).rejects.toThrow(
      /address/,
    );
  });

  test.each([
    [{ n: 2 ** 30, r: 8, p: 1 }],
    [{ n: 2 ** 18, r: 8, p: 2 ** 20 }],
    [{ n: 2 ** 20, r: 64, p: 1 }],
    [{ n: -1, r: 8, p: 1 }],
    [{ n: 1.5, r: 8, p: 1 }],
    [{ n: '131072', r: 8, p: 1 }],
  ])('with an absurd cost is refused before the derivation starts: %o', async (cost) => {
    const crypto = { ...scrypt.crypto, kdfparams: { ...scrypt.crypto.kdfparams, ...cost } };
    await expect(openKeystore(JSON.stringify({ ...scrypt, crypto }), PASSWORD)).rejects.toThrow(
      /absurd|whole numbers/,
    );
  });

  test('that is none is refused', () => {
    for (const text of [
      '',
      '[]',
      'null',
      '{}',
      '{"version":1}',
      JSON.stringify({ ...scrypt, address: 'x' }),
      JSON.stringify({ ...scrypt, crypto: { kdf: 'md5' } }),
    ])
      expect(() => inspectKeystore(text)).toThrow(/keystore|JSON/);
  });
});
