// SPDX-License-Identifier: GPL-2.0-only
/*
 * Test that memory of user space from which a TD is made may take long to arrive: meanwhile
 * kvm->slots_lock is free, which KVM takes for each VM when a module parameter is changed, while
 * it holds a lock that the creation of any VM takes.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tdx_memory.h"

#define OTHER_SLOT	2
#define OTHER_GPA	(PM_GPA + PM_HUGE_PAGE)

/* Memory whose contents do not arrive before give_memory(). */
struct slow_memory {
	int uffd;
	void *mem;
	size_t size;
};

static void create_slow_memory(struct slow_memory *slow, size_t size)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register range = { .mode = UFFDIO_REGISTER_MODE_MISSING };

	slow->size = size;
	slow->mem = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	TEST_ASSERT(slow->mem != MAP_FAILED, "mmap: %s", strerror(errno));
	slow->uffd = syscall(__NR_userfaultfd, O_CLOEXEC);
	TEST_ASSERT(slow->uffd >= 0, "userfaultfd: %s", strerror(errno));
	TEST_ERRNO(ioctl(slow->uffd, UFFDIO_API, &api) ? errno : 0, 0);
	range.range.start = (uintptr_t)slow->mem;
	range.range.len = size;
	TEST_ERRNO(ioctl(slow->uffd, UFFDIO_REGISTER, &range) ? errno : 0, 0);
}

static void wait_for_access(struct slow_memory *slow)
{
	struct uffd_msg msg;

	TEST_ASSERT(read(slow->uffd, &msg, sizeof(msg)) == sizeof(msg), "no access");
	ASSERT_EQ(msg.event, UFFD_EVENT_PAGEFAULT);
}

static void give_memory(struct slow_memory *slow, const void *contents)
{
	struct uffdio_copy copy = {
		.dst = (uintptr_t)slow->mem,
		.src = (uintptr_t)contents,
		.len = slow->size,
	};

	TEST_ERRNO(ioctl(slow->uffd, UFFDIO_COPY, &copy) ? errno : 0, 0);
}

static void destroy_slow_memory(struct slow_memory *slow)
{
	close(slow->uffd);
	munmap(slow->mem, slow->size);
}

/* The slot is not part of the memory that is waited for. */
static void change_slots(int vm)
{
	void *mem = mmap(NULL, PM_PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct kvm_userspace_memory_region region = {
		.slot = OTHER_SLOT,
		.guest_phys_addr = OTHER_GPA,
		.memory_size = PM_PAGE,
		.userspace_addr = (uintptr_t)mem,
	};

	TEST_ERRNO(fd_ioctl(vm, KVM_SET_USER_MEMORY_REGION, &region), 0);
	region.memory_size = 0;
	TEST_ERRNO(fd_ioctl(vm, KVM_SET_USER_MEMORY_REGION, &region), 0);
	munmap(mem, PM_PAGE);
}

struct command {
	int fd;
	uint32_t id;
	const void *data;
	int err;
};

static void *run_command(void *arg)
{
	struct command *command = arg;

	command->err = tdx_command(command->fd, command->id, 0, command->data);
	return NULL;
}

static void start_command(struct command *command, pthread_t *thread)
{
	TEST_ERRNO(pthread_create(thread, NULL, run_command, command), 0);
}

static void end_command(struct command *command, pthread_t thread, int err)
{
	TEST_ERRNO(pthread_join(thread, NULL), 0);
	TEST_ERRNO(command->err, err);
}

/* A TD whose KVM_TDX_INIT_MEM_REGION waits for the contents of all of its memory. */
struct waiting_td {
	struct tm_td td;
	struct slow_memory slow;
	struct kvm_tdx_init_mem_region region;
	struct command command;
	pthread_t thread;
};

static void create_waiting_td(struct waiting_td *waiting)
{
	tm_create(&waiting->td);
	create_slow_memory(&waiting->slow, TM_SIZE);
	waiting->region = (struct kvm_tdx_init_mem_region) {
		.source_addr = (uintptr_t)waiting->slow.mem,
		.gpa = PM_GPA,
		.nr_pages = TM_PAGES,
	};
	waiting->command = (struct command) {
		.fd = waiting->td.vcpu,
		.id = KVM_TDX_INIT_MEM_REGION,
		.data = &waiting->region,
	};
	start_command(&waiting->command, &waiting->thread);
	wait_for_access(&waiting->slow);
}

static void close_waiting_td(struct waiting_td *waiting)
{
	destroy_slow_memory(&waiting->slow);
	tm_close(&waiting->td);
}

static void test_contents(void)
{
	struct waiting_td waiting;

	create_waiting_td(&waiting);
	change_slots(waiting.td.vm);
	give_memory(&waiting.slow, tm_source());
	end_command(&waiting.command, waiting.thread, 0);
	ASSERT_EQ(waiting.region.nr_pages, 0);
	ASSERT_EQ(waiting.region.gpa, PM_GPA + TM_SIZE);
	TEST_ERRNO(tm_finalize(waiting.td.vm), 0);
	close_waiting_td(&waiting);
}

/* The TD is finalized while its contents are waited for: they are not added. */
static void test_finalize_meanwhile(void)
{
	struct waiting_td waiting;

	create_waiting_td(&waiting);
	TEST_ERRNO(tm_finalize(waiting.td.vm), 0);
	give_memory(&waiting.slow, tm_source());
	end_command(&waiting.command, waiting.thread, EINVAL);
	ASSERT_EQ(waiting.region.nr_pages, TM_PAGES);
	close_waiting_td(&waiting);
}

static void test_parameters(void)
{
	struct kvm_tdx_init_vm *params = tdx_default_params();
	struct command command = { .id = KVM_TDX_INIT_VM };
	uint8_t contents[PM_PAGE] = { };
	struct slow_memory slow;
	pthread_t thread;

	memcpy(contents, params,
	       sizeof(*params) + params->cpuid.nent * sizeof(params->cpuid.entries[0]));
	create_slow_memory(&slow, PM_PAGE);
	command.fd = tdx_create_vm();
	TEST_ASSERT(command.fd >= 0, "KVM_CREATE_VM: %s", strerror(errno));
	command.data = slow.mem;
	start_command(&command, &thread);
	wait_for_access(&slow);
	change_slots(command.fd);
	give_memory(&slow, contents);
	end_command(&command, thread, 0);
	destroy_slow_memory(&slow);
	close(command.fd);
	free(params);
}

int main(int argc, char *argv[])
{
	tm_require();
	test_contents();
	test_finalize_meanwhile();
	test_parameters();
	return 0;
}
