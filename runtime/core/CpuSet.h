// A set of CPUs as the kernel takes it, however many CPUs it knows.
#ifndef HADAL_RUNTIME_CORE_CPUSET_H
#define HADAL_RUNTIME_CORE_CPUSET_H

#include <cstddef>
#include <pthread.h>
#include <vector>

namespace hadal {

class CpuSet {
public:
  /// The CPUs that this thread may run on; all of its process, unless somebody has pinned it.
  static CpuSet ofThisThread();
  static CpuSet of(unsigned cpu);

  /// In rising order.
  std::vector<unsigned> numbers() const;

  /// Lets a thread run on these CPUs only; an error number, or 0.
  int pin(pthread_t thread) const;
  /// Becomes the set of this thread, which no more CPUs than before are known of; allocates nothing.
  void readThisThread();

private:
  explicit CpuSet(size_t known);
  size_t bytes() const;
  std::vector<unsigned long> words;
};

} // namespace hadal

#endif // HADAL_RUNTIME_CORE_CPUSET_H
