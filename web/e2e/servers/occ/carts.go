package main

import "net/http"

type cart struct {
	code, guid string
	owner      *account // nil: whoever knows the guid
	entries    int
}

func (one *cart) told(c *call) map[string]any {
	return c.told(map[string]any{"code": one.code, "guid": one.guid, "entries": one.entries})
}

func (s *server) carts(c *call) (int, map[string]any, *refusal) {
	list := []map[string]any{}
	for _, one := range s.users.carts {
		if c.subject != nil && one.owner == c.subject {
			list = append(list, one.told(c))
		}
	}
	return http.StatusOK, c.told(map[string]any{"carts": list}), nil
}

// addCart makes a cart; with oldCartId, one that takes over what is in an anonymous one.
func (s *server) addCart(c *call) (int, map[string]any, *refusal) {
	one := &cart{code: s.users.next("0000"), guid: s.users.next("guid-"), owner: c.subject}
	if id := c.r.URL.Query().Get("oldCartId"); id != "" {
		old := s.users.carts[id]
		if old == nil || old.owner != nil {
			return 0, nil, refuse(http.StatusBadRequest, "CartError", "Cart not found.")
		}
		one.entries = old.entries
		delete(s.users.carts, id)
	}
	s.users.carts[one.guid] = one
	return http.StatusCreated, one.told(c), nil
}

func (s *server) cart(c *call) (int, map[string]any, *refusal) {
	one, no := s.theCart(c)
	if no != nil {
		return 0, nil, no
	}
	return http.StatusOK, one.told(c), nil
}

func (s *server) addEntry(c *call) (int, map[string]any, *refusal) {
	one, no := s.theCart(c)
	if no != nil {
		return 0, nil, no
	}
	one.entries++
	return http.StatusOK, one.told(c), nil
}

// theCart goes by guid for the anonymous user, and by either name for a customer.
func (s *server) theCart(c *call) (*cart, *refusal) {
	for _, one := range s.users.carts {
		id := c.r.PathValue("cart")
		if one.owner == c.subject && (id == one.guid || c.subject != nil && (id == one.code || id == "current")) {
			return one, nil
		}
	}
	return nil, refuse(http.StatusBadRequest, "CartError", "Cart not found.")
}
