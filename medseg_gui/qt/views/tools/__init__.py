"""How the tools of `editing` are held: one file for each gesture, from mouse or pen to what the correction is asked."""
