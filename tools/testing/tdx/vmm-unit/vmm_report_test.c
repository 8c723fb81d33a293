// SPDX-License-Identifier: GPL-2.0-only
/* tdx-vmm: what it says of reports. */
#include <string.h>

#include "vmm/vmm.h"

#include "harness.h"

#define SIZE		1024
#define TCB_INFO_HASH	32
#define INFO_HASH	80
#define REPORTDATA	128
#define TCB_INFO	256
#define INFO		512
#define MRTD		528

/* Each test is a process of its own. */
static struct {
	uint8_t bytes[SIZE];
	uint8_t nonce[64];
	uint8_t mrtd[48];
} known;

static void set_hashes(uint8_t *report)
{
	measure_hash(report + TCB_INFO, 239, report + TCB_INFO_HASH);
	measure_hash(report + INFO, 512, report + INFO_HASH);
}

FIXTURE(report) {
};

FIXTURE_SETUP(report)
{
	unsigned int i;

	memset(known.bytes, 0, SIZE);
	known.bytes[0] = 0x81;
	for (i = 0; i < 64; i++)
		known.nonce[i] = 3 * i + 1;
	for (i = 0; i < 48; i++)
		known.mrtd[i] = 5 * i + 2;
	for (i = 0; i < 239; i++)
		known.bytes[TCB_INFO + i] = 7 * i;
	for (i = 0; i < 512; i++)
		known.bytes[INFO + i] = 11 * i;
	memcpy(known.bytes + REPORTDATA, known.nonce, 64);
	memcpy(known.bytes + MRTD, known.mrtd, 48);
	set_hashes(known.bytes);
}

FIXTURE_TEARDOWN(report)
{
}

static const char *error_of(void)
{
	return report_error(known.bytes, known.mrtd, known.nonce);
}

TEST_F(report, is_right_if_nothing_was_changed)
{
	EXPECT_EQ(NULL, error_of());
}

/* Only the MAC protects CPUSVN, and itself. */
TEST_F(report, is_wrong_if_one_bit_was_changed)
{
	unsigned int bit, byte;

	for (bit = 0; bit < 8 * SIZE; bit++) {
		byte = bit / 8;
		if ((byte >= 16 && byte < 32) || (byte >= 224 && byte < 256))
			continue;
		known.bytes[byte] ^= 1 << bit % 8;
		EXPECT_NE(NULL, error_of()) TH_LOG("bit %u", bit);
		known.bytes[byte] ^= 1 << bit % 8;
	}
}

TEST_F(report, has_to_be_of_what_was_measured_and_for_this_nonce)
{
	known.bytes[MRTD] ^= 1;
	set_hashes(known.bytes);
	EXPECT_STREQ("MRTD is not what was measured", error_of());
	known.bytes[REPORTDATA] ^= 1;
	EXPECT_STREQ("it is not for this NONCE", error_of());
}

TEST(a_nonce_is_up_to_64_bytes)
{
	char digits[131];
	const uint8_t *nonce = report_parse_nonce("01ABcd");

	ASSERT_NE(NULL, nonce);
	EXPECT_EQ(0, memcmp("\x01\xab\xcd\0", nonce, 4));
	memset(digits, 'f', 130);
	digits[130] = '\0';
	EXPECT_EQ(NULL, report_parse_nonce(digits));
	digits[128] = '\0';
	EXPECT_NE(NULL, report_parse_nonce(digits));
	EXPECT_EQ(NULL, report_parse_nonce(""));
	EXPECT_EQ(NULL, report_parse_nonce("123"));
	EXPECT_EQ(NULL, report_parse_nonce("0x12"));
	EXPECT_EQ(NULL, report_parse_nonce("1 "));
}

TEST_HARNESS_MAIN
