package r4

// two returns the number that two digits at i write, or -1.
func two(t []byte, i int) int {
	if len(t) < i+2 || !isDigit(t[i]) || !isDigit(t[i+1]) {
		return -1
	}
	return int(t[i]-'0')*10 + int(t[i+1]-'0')
}

// date reads a date as far as it goes and returns its precision: the number of
// bytes, 4, 7 or 10, and 0 when it is not one.
func date(t []byte) int {
	century, years := two(t, 0), two(t, 2)
	if century < 0 || years < 0 || century+years == 0 {
		return 0
	}
	if len(t) == 4 {
		return 4
	}
	month := two(t, 5)
	if t[4] != '-' || month < 1 || month > 12 {
		return 0
	}
	if len(t) == 7 {
		return 7
	}
	day := two(t, 8)
	if t[7] != '-' || day < 1 || day > days(century*100+years, month) {
		return 0
	}
	return 10
}

func days(year, month int) int {
	switch month {
	case 2:
		if year%4 == 0 && (year%100 != 0 || year%400 == 0) {
			return 29
		}
		return 28
	case 4, 6, 9, 11:
		return 30
	}
	return 31
}

func isDate(t []byte) bool { return len(t) <= 10 && date(t) == len(t) }

func isDateTime(t []byte) bool {
	if len(t) <= 10 {
		return isDate(t)
	}
	return isInstant(t)
}

func isInstant(t []byte) bool {
	if len(t) < 20 || date(t[:10]) != 10 || t[10] != 'T' {
		return false
	}
	n := clock(t[11:])
	return n > 0 && isZone(t[11+n:])
}

func isTime(t []byte) bool { return clock(t) == len(t) }

// clock returns how many bytes at the start of t are a time of day to the
// second or finer, 0 when they are none. A second may be the leap second.
func clock(t []byte) int {
	hour, minute, second := two(t, 0), two(t, 3), two(t, 6)
	if hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 60 || t[2] != ':' || t[5] != ':' {
		return 0
	}
	n := 8
	if len(t) > 9 && t[8] == '.' && isDigit(t[9]) {
		n = 10
		for n < len(t) && isDigit(t[n]) {
			n++
		}
	}
	return n
}

func isZone(t []byte) bool {
	if len(t) == 1 {
		return t[0] == 'Z'
	}
	if len(t) != 6 || t[0] != '+' && t[0] != '-' || t[3] != ':' {
		return false
	}
	hour, minute := two(t, 1), two(t, 4)
	return hour >= 0 && minute >= 0 && minute <= 59 && (hour <= 13 || hour == 14 && minute == 0)
}
