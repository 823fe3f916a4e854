import type { TypedData } from './typed-data.ts';

/** Typed data as wallets and `cast` read it, with the type of the domain spelt out (EIP-712; `eth_signTypedData_v4`). */
export function typedDataDocument(typed: TypedData): object {
  return {
    types: {
      EIP712Domain: [
        { name: 'name', type: 'string' },
        { name: 'version', type: 'string' },
        { name: 'chainId', type: 'uint256' },
        { name: 'salt', type: 'bytes32' },
      ],
      ...typed.types,
    },
    primaryType: typed.primaryType,
    domain: typed.domain,
    message: typed.message,
  };
}
