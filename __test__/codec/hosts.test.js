import assert from 'node:assert/strict';
import { createHmac, createSecretKey, subtle, X509Certificate } from 'node:crypto';
import { open } from 'node:fs/promises';
import { BlockList, SocketAddress } from 'node:net';
import { createHistogram } from 'node:perf_hooks';
import { describe, it } from 'node:test';
import { MessageChannel, MessagePort, receiveMessageOnPort } from 'node:worker_threads';
import { makeCodec } from './helpers.js';

const EMPTY_MODULE = new Uint8Array([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]);

const CERTIFICATE = `-----BEGIN CERTIFICATE-----
MIIBbzCCARWgAwIBAgIUez+/D2z55mvZOU1fvm5wsJ6W+1swCgYIKoZIzj0EAwIw
DDEKMAgGA1UEAwwBeDAgFw0yNjExMjMyMTM3NTJaGA8yMTI2MTAzMDIxMzc1Mlow
DDEKMAgGA1UEAwwBeDBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABDjcvNOa2M2O
kaYobGqSf03psnnTDSVnXyy61DuoodSdWRxSM2/JrsJE5srOBZOue8EvK1QZ9iK9
NhKvlEuxs++jUzBRMB0GA1UdDgQWBBQhjvRc2ufgz35gjldiemSVi/pFxzAfBgNV
HSMEGDAWgBQhjvRc2ufgz35gjldiemSVi/pFxzAPBgNVHRMBAf8EBTADAQH/MAoG
CCqGSM49BAMCA0gAMEUCIESuQf3DHpQ358VS/k1Kobt4Qbm/a0zq5sLgSlf5VP1U
AiEA0S6OwsRioVmoapRIMxbfSRvdDFv3I2FCuaPqwrO60mQ=
-----END CERTIFICATE-----`;

/** Sends a value the way the transport does: bytes by hand, host values through a port that is never started. */
function carry(value, transferList = []) {
  const { encode, decode } = makeCodec();
  const hosts = [];
  const bytes = encode(value, { hosts, transfer: new Set(transferList) });
  const { port1, port2 } = new MessageChannel();
  port1.postMessage(hosts, transferList);
  const arrived = receiveMessageOnPort(port2).message;
  const result = decode(bytes, arrived);
  port1.close();
  return { result, hosts };
}

/** Cloneable by the platform only. */
const cloneable = {
  Blob: () => new Blob(['x']),
  KeyObject: () => createSecretKey(Buffer.alloc(16, 7)),
  CryptoKey: () => subtle.generateKey({ name: 'AES-GCM', length: 128 }, true, ['encrypt']),
  X509Certificate: () => new X509Certificate(CERTIFICATE),
  BlockList: () => new BlockList(),
  SocketAddress: () => new SocketAddress({ address: '127.0.0.1', port: 80 }),
  Histogram: () => createHistogram(),
  'WebAssembly.Module': () => new WebAssembly.Module(EMPTY_MODULE),
  SharedArrayBuffer: () => new SharedArrayBuffer(8),
};

/** Transferable only. */
const transferable = {
  MessagePort: () => new MessageChannel().port1,
  ReadableStream: () => new ReadableStream(),
  WritableStream: () => new WritableStream(),
  TransformStream: () => new TransformStream(),
  FileHandle: () => open(new URL(import.meta.url)),
};

describe('host values', () => {
  for (const [name, make] of Object.entries(cloneable)) {
    it(`${name} travels beside the bytes, once`, async () => {
      const value = await make();
      const { result, hosts } = carry({ a: value, list: [value, { b: value }], c: 1 });
      assert.deepEqual(hosts, [value]);
      assert.equal(hosts[0], value);
      assert.equal(result.a.constructor.name, value.constructor.name);
      assert.equal(result.list[0], result.a);
      assert.equal(result.list[1].b, result.a);
      assert.equal(result.c, 1);
    });
    it(`${name} is refused where nothing can carry it`, async () => {
      const value = await make();
      const { roundTrip } = makeCodec();
      const message = `#<${value.constructor.name}> could not be cloned.`;
      assert.throws(() => roundTrip({ value }), { name: 'DataCloneError', message });
    });
  }
  for (const [name, make] of Object.entries(transferable)) {
    it(`${name} travels when it is in the transfer list`, async () => {
      const value = await make();
      const { result, hosts } = carry([{ value }, value], [value]);
      assert.deepEqual(hosts.length, 1);
      assert.equal(result[0].value.constructor.name, value.constructor.name);
      assert.equal(result[1], result[0].value);
      const arrived = result[1];
      if (arrived.cancel) await arrived.cancel();
      else if (!arrived.readable) await arrived.close();
    });
  }

  it('a port works on the other side', () => {
    const { port1, port2 } = new MessageChannel();
    const { result } = carry({ port: port1 }, [port1]);
    assert.ok(result.port instanceof MessagePort);
    result.port.postMessage('through');
    assert.equal(receiveMessageOnPort(port2).message, 'through');
    port2.close();
  });

  it('a key does what it did', () => {
    const key = createSecretKey(Buffer.from('secret'));
    const { result } = carry(new Map([['key', key]]));
    const sign = (k) => createHmac('sha256', k).update('x').digest('hex');
    assert.equal(sign(result.get('key')), sign(key));
  });

  it('shared memory stays shared, and so do views on it', () => {
    const memory = new SharedArrayBuffer(16);
    const ints = new Int32Array(memory, 4, 2);
    const { result, hosts } = carry({ ints, data: new DataView(memory, 1), memory, again: ints });
    assert.deepEqual(hosts, [memory]);
    assert.equal(result.ints.buffer, result.memory);
    assert.equal(result.data.buffer, result.memory);
    assert.equal(result.again, result.ints);
    assert.equal(result.ints.byteOffset, 4);
    assert.equal(result.ints.length, 2);
    assert.equal(result.data.byteOffset, 1);
    assert.equal(result.data.byteLength, 15);
    ints[1] = 42;
    assert.equal(result.ints[1], 42);
  });

  it('a transferred ArrayBuffer moves, with its views', () => {
    const bytes = Uint8Array.from([1, 2, 3, 4, 5, 6, 7, 8]);
    const part = new Uint16Array(bytes.buffer, 2, 2);
    const expected = [...part];
    const { result, hosts } = carry({ part, bytes, buffer: bytes.buffer }, [bytes.buffer]);
    assert.equal(hosts.length, 1);
    assert.equal(bytes.length, 0, "the sender's is detached");
    assert.equal(result.part.buffer, result.buffer);
    assert.equal(result.bytes.buffer, result.buffer);
    assert.deepEqual([...result.part], expected);
    assert.deepEqual([...result.bytes], [1, 2, 3, 4, 5, 6, 7, 8]);
  });

  it('a class instance that holds what is transferred is no host value itself', () => {
    class Holder {
      constructor(port) {
        this.port = port;
      }
    }
    const { port1, port2 } = new MessageChannel();
    const { result, hosts } = carry(new Holder(port1), [port1]);
    assert.equal(hosts.length, 1);
    assert.equal(Object.getPrototypeOf(result), Object.prototype);
    assert.ok(result.port instanceof MessagePort);
    port2.close();
  });

  it('several values may share one list', () => {
    const { encode, decode } = makeCodec();
    const hosts = [];
    const [one, two] = [new SharedArrayBuffer(1), new SharedArrayBuffer(2)];
    const first = encode([one], { hosts });
    const second = encode({ two, one }, { hosts });
    assert.deepEqual(hosts, [one, two]);
    assert.deepEqual(decode(first, hosts), [one]);
    assert.equal(decode(second, hosts).two, two);
    assert.throws(() => decode(second), RangeError);
    assert.throws(() => decode(second, [one]), RangeError);
  });

  it('what failed leaves nothing in the list', () => {
    const { encode } = makeCodec();
    const hosts = ['kept'];
    assert.throws(() => encode([new SharedArrayBuffer(1), () => {}], { hosts }), { name: 'DataCloneError' });
    assert.deepEqual(hosts, ['kept']);
  });

  it('travel with errors', () => {
    const { throwAcross } = makeCodec();
    const memory = new SharedArrayBuffer(4);
    const hosts = [];
    const error = Object.assign(new Error('x'), { bad: [memory, () => {}], memory, list: [memory] });
    const result = throwAcross(error, { hosts });
    assert.deepEqual(hosts, [memory]);
    assert.equal(result.memory, memory);
    assert.equal(result.list[0], memory);
    assert.ok(!('bad' in result));
    assert.ok(!('memory' in throwAcross(error)));
  });
});
