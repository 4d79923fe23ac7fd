// Package doctor knows the mistakes that ZooKeeper's operators make and suffer from, and
// says of what was seen of servers which of them were made, why that hurts and what to do.
// Facts in, findings out: it reads, asks and measures nothing. The package survey below it is
// who looks.
//
// A check is a row of a table: an id that stays, a severity, what it finds, why that hurts,
// the remedy, and a function from facts to the places where it is so. docs/operate/doctor.md
// is written from these rows.
//
// It guarantees that what nobody could look at is never called good: it gives no finding,
// and the report says that it was not looked at.
package doctor
