// SPDX-License-Identifier: GPL-2.0-only
/*
 * The software TDX module: SHA-384.
 *
 * FIPS 180-4, "SHA-384".  All that the host measures has a multiple of the block's size.
 * Linux has SHA-384 in its crypto API only, which the other users of this model have not.
 */
#include <linux/kernel.h>
#include <linux/string.h>

#include "sha384.h"

#define LENGTH_BYTES	16	/* of the length at the end */

/* Fractional parts of the cube roots of the first 80 primes */
static const u64 constants[80] = {
	0x428a2f98d728ae22ULL, 0x7137449123ef65cdULL, 0xb5c0fbcfec4d3b2fULL, 0xe9b5dba58189dbbcULL,
	0x3956c25bf348b538ULL, 0x59f111f1b605d019ULL, 0x923f82a4af194f9bULL, 0xab1c5ed5da6d8118ULL,
	0xd807aa98a3030242ULL, 0x12835b0145706fbeULL, 0x243185be4ee4b28cULL, 0x550c7dc3d5ffb4e2ULL,
	0x72be5d74f27b896fULL, 0x80deb1fe3b1696b1ULL, 0x9bdc06a725c71235ULL, 0xc19bf174cf692694ULL,
	0xe49b69c19ef14ad2ULL, 0xefbe4786384f25e3ULL, 0x0fc19dc68b8cd5b5ULL, 0x240ca1cc77ac9c65ULL,
	0x2de92c6f592b0275ULL, 0x4a7484aa6ea6e483ULL, 0x5cb0a9dcbd41fbd4ULL, 0x76f988da831153b5ULL,
	0x983e5152ee66dfabULL, 0xa831c66d2db43210ULL, 0xb00327c898fb213fULL, 0xbf597fc7beef0ee4ULL,
	0xc6e00bf33da88fc2ULL, 0xd5a79147930aa725ULL, 0x06ca6351e003826fULL, 0x142929670a0e6e70ULL,
	0x27b70a8546d22ffcULL, 0x2e1b21385c26c926ULL, 0x4d2c6dfc5ac42aedULL, 0x53380d139d95b3dfULL,
	0x650a73548baf63deULL, 0x766a0abb3c77b2a8ULL, 0x81c2c92e47edaee6ULL, 0x92722c851482353bULL,
	0xa2bfe8a14cf10364ULL, 0xa81a664bbc423001ULL, 0xc24b8b70d0f89791ULL, 0xc76c51a30654be30ULL,
	0xd192e819d6ef5218ULL, 0xd69906245565a910ULL, 0xf40e35855771202aULL, 0x106aa07032bbd1b8ULL,
	0x19a4c116b8d2d0c8ULL, 0x1e376c085141ab53ULL, 0x2748774cdf8eeb99ULL, 0x34b0bcb5e19b48a8ULL,
	0x391c0cb3c5c95a63ULL, 0x4ed8aa4ae3418acbULL, 0x5b9cca4f7763e373ULL, 0x682e6ff3d6b2b8a3ULL,
	0x748f82ee5defb2fcULL, 0x78a5636f43172f60ULL, 0x84c87814a1f0ab72ULL, 0x8cc702081a6439ecULL,
	0x90befffa23631e28ULL, 0xa4506cebde82bde9ULL, 0xbef9a3f7b2c67915ULL, 0xc67178f2e372532bULL,
	0xca273eceea26619cULL, 0xd186b8c721c0c207ULL, 0xeada7dd6cde0eb1eULL, 0xf57d4f7fee6ed178ULL,
	0x06f067aa72176fbaULL, 0x0a637dc5a2c898a6ULL, 0x113f9804bef90daeULL, 0x1b710b35131c471bULL,
	0x28db77f523047d84ULL, 0x32caab7b40c72493ULL, 0x3c9ebe0a15c9bebcULL, 0x431d67c49c100d4cULL,
	0x4cc5d4becb3e42b6ULL, 0x597f299cfc657e2aULL, 0x5fcb6fab3ad6faecULL, 0x6c44198c4a475817ULL,
};

/* Fractional parts of the square roots of the 9th to the 16th prime */
static const u64 initial[8] = {
	0xcbbb9d5dc1059ed8ULL, 0x629a292a367cd507ULL, 0x9159015a3070dd17ULL, 0x152fecd8f70e5939ULL,
	0x67332667ffc00b31ULL, 0x8eb44a8768581511ULL, 0xdb0c2e0d64f98fa7ULL, 0x47b5481dbefa4fa4ULL,
};

static u64 ror(u64 word, unsigned int bits)
{
	return word >> bits | word << (64 - bits);
}

/* Replaces the oldest of the last 16 words of the schedule by the next one. */
static u64 next_word(u64 words[16], unsigned int i)
{
	u64 early = words[(i + 1) % 16], late = words[(i + 14) % 16];

	words[i % 16] += words[(i + 9) % 16] + (ror(early, 1) ^ ror(early, 8) ^ early >> 7) +
			 (ror(late, 19) ^ ror(late, 61) ^ late >> 6);
	return words[i % 16];
}

/* The variables a to h are @v[0] to @v[7]. */
static void one_round(u64 v[8], u64 word)
{
	u64 t1 = v[7] + (ror(v[4], 14) ^ ror(v[4], 18) ^ ror(v[4], 41)) +
		 ((v[4] & v[5]) ^ (~v[4] & v[6])) + word;
	u64 t2 = (ror(v[0], 28) ^ ror(v[0], 34) ^ ror(v[0], 39)) +
		 ((v[0] & v[1]) ^ (v[0] & v[2]) ^ (v[1] & v[2]));
	unsigned int i;

	for (i = 7; i; i--)
		v[i] = v[i - 1];
	v[4] += t1;
	v[0] = t1 + t2;
}

static void add_block(struct tdx_model_sha384 *hash, const u8 *data)
{
	u64 words[16], v[8];
	unsigned int i;

	for (i = 0; i < 16; i++) {
		memcpy(&words[i], &data[i * sizeof(words[i])], sizeof(words[i]));
		words[i] = __builtin_bswap64(words[i]);
	}
	memcpy(v, hash->state, sizeof(v));
	for (i = 0; i < 80; i++)
		one_round(v, constants[i] + (i < 16 ? words[i] : next_word(words, i)));
	for (i = 0; i < 8; i++)
		hash->state[i] += v[i];
	hash->nr_blocks++;
}

/**
 * tdx_model_sha384_begin - begin a hash
 * @hash: the hash
 *
 * Context: Any.
 */
void tdx_model_sha384_begin(struct tdx_model_sha384 *hash)
{
	memcpy(hash->state, initial, sizeof(initial));
	hash->nr_blocks = 0;
}

/**
 * tdx_model_sha384_add - add data to a hash
 * @hash:      the hash
 * @data:      TDX_MODEL_SHA384_BLOCK bytes for each block
 * @nr_blocks: number of blocks
 *
 * Context: Any.
 */
void tdx_model_sha384_add(struct tdx_model_sha384 *hash, const void *data, unsigned int nr_blocks)
{
	const u8 *block = data;

	for (; nr_blocks; nr_blocks--, block += TDX_MODEL_SHA384_BLOCK)
		add_block(hash, block);
}

/* @rest: what is left after whole blocks */
static void end(struct tdx_model_sha384 *hash, const u8 *rest, unsigned int bytes,
		u64 result[TDX_MODEL_SHA384_WORDS])
{
	u64 bits = (hash->nr_blocks * TDX_MODEL_SHA384_BLOCK + bytes) * 8;
	u8 padded[2 * TDX_MODEL_SHA384_BLOCK] = {};
	unsigned int i, nr_blocks = bytes + 1 + LENGTH_BYTES <= TDX_MODEL_SHA384_BLOCK ? 1 : 2;
	u8 *last = &padded[nr_blocks * TDX_MODEL_SHA384_BLOCK - sizeof(bits)];

	memcpy(padded, rest, bytes);
	padded[bytes] = 0x80;
	bits = __builtin_bswap64(bits);
	memcpy(last, &bits, sizeof(bits));
	tdx_model_sha384_add(hash, padded, nr_blocks);
	for (i = 0; i < TDX_MODEL_SHA384_WORDS; i++)
		result[i] = __builtin_bswap64(hash->state[i]);
}

/**
 * tdx_model_sha384_end - get the result of a hash
 * @hash:   the hash, which must not be used any more
 * @result: as bytes in memory
 *
 * Context: Any.
 */
void tdx_model_sha384_end(struct tdx_model_sha384 *hash, u64 result[TDX_MODEL_SHA384_WORDS])
{
	end(hash, (const u8 *)"", 0, result);
}

/**
 * tdx_model_sha384 - hash data of any length
 * @data:   the data
 * @bytes:  its length
 * @result: as bytes in memory
 *
 * Context: Any.
 */
void tdx_model_sha384(const void *data, unsigned int bytes, u64 result[TDX_MODEL_SHA384_WORDS])
{
	unsigned int nr_blocks = bytes / TDX_MODEL_SHA384_BLOCK;
	struct tdx_model_sha384 hash;

	tdx_model_sha384_begin(&hash);
	tdx_model_sha384_add(&hash, data, nr_blocks);
	end(&hash, (const u8 *)data + nr_blocks * TDX_MODEL_SHA384_BLOCK,
	    bytes % TDX_MODEL_SHA384_BLOCK, result);
}
