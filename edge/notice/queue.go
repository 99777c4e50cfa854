package notice

import "time"

// node is a delivery's place in one list.
type node struct {
	prev, next *node
	of         *delivery
	in         *list
}

// list is a queue with its links in the deliveries themselves: adding and removing anywhere costs no memory.
type list struct {
	head, tail *node
	length     int
}

func (l *list) pushBack(n *node) {
	n.prev, n.next, n.in = l.tail, nil, l
	if l.tail != nil {
		l.tail.next = n
	} else {
		l.head = n
	}
	l.tail = n
	l.length++
}

func (l *list) pushFront(n *node) {
	n.prev, n.next, n.in = nil, l.head, l
	if l.head != nil {
		l.head.prev = n
	} else {
		l.tail = n
	}
	l.head = n
	l.length++
}

// remove takes the node out of the list it is in, if any.
func (n *node) remove() {
	l := n.in
	if l == nil {
		return
	}
	if n.prev != nil {
		n.prev.next = n.next
	} else {
		l.head = n.next
	}
	if n.next != nil {
		n.next.prev = n.prev
	} else {
		l.tail = n.prev
	}
	n.prev, n.next, n.in = nil, nil, nil
	l.length--
}

// first is the oldest delivery, or nil.
func (l *list) first() *delivery {
	if l.head == nil {
		return nil
	}
	return l.head.of
}

// delayed are deliveries that wait for their next try: a heap by due.
type delayed []*delivery

func (h delayed) Len() int           { return len(h) }
func (h delayed) Less(i, j int) bool { return h[i].due.Before(h[j].due) }
func (h delayed) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }

// Push is for container/heap.
func (h *delayed) Push(x any) { *h = append(*h, x.(*delivery)) }

// Pop is for container/heap.
func (h *delayed) Pop() any {
	old := *h
	last := len(old) - 1
	d := old[last]
	old[last] = nil
	*h = old[:last]
	return d
}

// next is when the first is due.
func (h delayed) next() (time.Time, bool) {
	if len(h) == 0 {
		return time.Time{}, false
	}
	return h[0].due, true
}
