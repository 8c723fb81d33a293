// SPDX-License-Identifier: GPL-2.0-only
/*
 * A report of what the TD is (TDREPORT), which the stub asks the TDX module for.
 *
 * Its MAC can only be verified on this machine, in a TD or by SGX: all else is verified here.
 */
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "vmm.h"

#define REPORT_TYPE_TDX		0x81
#define NONCE_SIZE		64
#define LINE			64

struct report {
	uint8_t type;
	uint8_t subtype;
	uint8_t version;
	uint8_t reserved1[13];
	uint8_t cpusvn[16];
	uint8_t tee_tcb_info_hash[HASH_SIZE];
	uint8_t tee_info_hash[HASH_SIZE];
	uint8_t reportdata[NONCE_SIZE];
	uint8_t reserved2[32];
	uint8_t mac[32];
	struct {
		uint8_t valid[8];
		uint8_t tee_tcb_svn[16];
		uint8_t mrseam[HASH_SIZE];
		uint8_t rest[167];
	} tee_tcb_info;
	uint8_t reserved3[17];
	struct {
		uint64_t attributes;
		uint64_t xfam;
		uint8_t mrtd[HASH_SIZE];
		uint8_t rest[448];
	} td_info;
};

static_assert(offsetof(struct report, reportdata) == 128, "");
static_assert(offsetof(struct report, tee_tcb_info) == 256, "");
static_assert(offsetof(struct report, td_info) == 512, "");
static_assert(sizeof(struct report) == STUB_REPORTDATA, "");

const uint8_t *report_parse_nonce(const char *text)
{
	static uint8_t nonce[NONCE_SIZE];
	size_t i, digits = strlen(text);

	if (!digits || digits % 2 || digits > 2 * NONCE_SIZE ||
	    strspn(text, "0123456789abcdefABCDEF") != digits)
		return NULL;
	for (i = 0; i < digits / 2; i++)
		if (sscanf(text + 2 * i, "%2hhx", &nonce[i]) != 1)
			return NULL;
	return nonce;
}

void report_request(struct td *td)
{
	memcpy(memory_shared(td, STUB_REPORT_GPA + STUB_REPORTDATA, NONCE_SIZE), td->nonce,
	       NONCE_SIZE);
}

static bool is_hash(const uint8_t hash[HASH_SIZE], const void *data, size_t size)
{
	uint8_t right[HASH_SIZE];

	measure_hash(data, size, right);
	return !memcmp(hash, right, HASH_SIZE);
}

static bool is_zero(const uint8_t *bytes, size_t size)
{
	return !*bytes && !memcmp(bytes, bytes + 1, size - 1);
}

static bool is_format_known(const struct report *report)
{
	return report->type == REPORT_TYPE_TDX && !report->subtype && !report->version &&
	       is_zero(report->reserved1, sizeof(report->reserved1)) &&
	       is_zero(report->reserved2, sizeof(report->reserved2)) &&
	       is_zero(report->reserved3, sizeof(report->reserved3));
}

const char *report_error(const void *data, const uint8_t mrtd[HASH_SIZE], const uint8_t *nonce)
{
	const struct report *report = data;

	if (!is_format_known(report))
		return "its format is unknown";
	if (memcmp(report->reportdata, nonce, NONCE_SIZE))
		return "it is not for this NONCE";
	if (!is_hash(report->tee_tcb_info_hash, &report->tee_tcb_info,
		     sizeof(report->tee_tcb_info)))
		return "TEE_TCB_INFO does not have its hash";
	if (!is_hash(report->tee_info_hash, &report->td_info, sizeof(report->td_info)))
		return "TDINFO does not have its hash";
	if (memcmp(report->td_info.mrtd, mrtd, HASH_SIZE))
		return "MRTD is not what was measured";
	return NULL;
}

void print_hex(const char *name, const void *data, size_t size)
{
	const uint8_t *byte;

	printf("tdx-vmm: %s ", name);
	for (byte = data; byte < (const uint8_t *)data + size; byte++)
		printf("%02x", *byte);
	printf("\n");
}

/* A copy, as the guest can write to shared memory. */
const char *report_check(struct td *td)
{
	struct report report = *(struct report *)memory_shared(td, STUB_REPORT_GPA, PAGE_SIZE);
	uint8_t mrtd[HASH_SIZE];
	const char *error;
	unsigned int i;

	for (i = 0; i < sizeof(report); i += LINE)
		print_hex("TDREPORT", (uint8_t *)&report + i, LINE);
	measure_mrtd(td, mrtd);
	error = report_error(&report, mrtd, td->nonce);
	if (!error)
		printf("tdx-vmm: the report is right: hashes, REPORTDATA, MRTD\n");
	return error;
}
