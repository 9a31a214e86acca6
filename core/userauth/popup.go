package userauth

import (
	"context"
	"errors"
	"time"

	"latchkey/core/browser"
	"latchkey/core/errcode"
	"latchkey/core/oauth"
)

// popupLife is how long a popup may take: a person types in there.
const popupLife = 5 * time.Minute

// PopupOptions is what a page may say about a sign-in in a popup.
type PopupOptions struct {
	// Window is the number of the popup that the page has opened.
	Window            int
	Prompt, LoginHint string
	Params            Params
}

// LoginWithPopup signs in at the server's page in a popup. What binds the
// answer to this sign-in stays in memory, as the answer comes back to this tab.
func (s *Service) LoginWithPopup(ctx context.Context, o PopupOptions) error {
	if s.Flow != Code {
		return errcode.New(errcode.ConfigInvalid, "loginWithPopup needs auth.flow 'code'")
	}
	if err := s.Allowed(); err != nil {
		return err
	}
	t, err := s.Client.Begin(oauth.Popup, "")
	if err != nil {
		return err
	}
	asking, cancelAsking := context.WithTimeout(ctx, s.Timeout)
	defer cancelAsking()
	address, err := s.Client.AuthCodeURL(asking, &t, o.Params.with("prompt", o.Prompt).with("login_hint", o.LoginHint))
	if err != nil {
		return err
	}
	waiting, cancelWaiting := context.WithTimeout(ctx, popupLife)
	defer cancelWaiting()
	back, err := s.Windows.Popup(waiting, o.Window, address, t.State.Expose())
	switch {
	case errors.Is(err, browser.ErrPopupClosed), errors.Is(err, browser.ErrNoWindow):
		return errcode.Wrap(errcode.PopupClosed, "the popup was closed before the sign-in was finished", err)
	case err != nil:
		return err // the context's
	}
	answer, err := answerTo(s.Client, t, back)
	if err != nil {
		return err
	}
	redeeming, cancelRedeeming := context.WithTimeout(ctx, 2*s.Timeout)
	defer cancelRedeeming()
	defer s.one.Enter()()
	return s.finish(redeeming, t, answer)
}

// answerTo reads the answer to t in the address that a window came back with.
func answerTo(client *oauth.Client, t oauth.Transaction, address string) (oauth.Answer, error) {
	answer, ok, err := client.ParseAnswer(address)
	switch {
	case !ok:
		return answer, errcode.New(errcode.Aborted, "the sign-in was left: its window came back without an answer")
	case answer.State.Expose() != t.State.Expose():
		return answer, errcode.New(errcode.StateMismatch, "the window came back with the answer to another sign-in")
	}
	return answer, err
}
