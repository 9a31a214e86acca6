package browsertest

import "maps"

// OpenApart opens a tab with a storage of its own, as sessionStorage is.
func (p *Profile) OpenApart(href string) *Tab {
	t := p.Open(href)
	t.own = &Area{values: map[string]string{}}
	return t
}

// Duplicate opens a copy of such a tab, with a copy of its storage.
func (t *Tab) Duplicate() *Tab {
	other := t.profile.OpenApart(t.location.Href())
	other.own.values = maps.Clone(t.own.All())
	return other
}

// Storage is the tab's own.
func (t *Tab) Storage() *Area { return t.own }

// Profile is the browser that the tab is in.
func (t *Tab) Profile() *Profile { return t.profile }
