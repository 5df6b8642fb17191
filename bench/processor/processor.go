// Package processor tells how long this process has worked, for tests that hold
// code to a limit of cost: unlike the time of day, it does not depend on what
// else the machine does.
package processor

import (
	"fmt"
	"syscall"
	"time"
)

// Time returns for how long the process has had a processor, its own work and
// the system's for it, all threads together.
func Time() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(fmt.Sprintf("processor: %v", err)) // the arguments are constant
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
