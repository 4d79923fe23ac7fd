package sim
import ("testing";"fmt";"zoo/internal/core/zab")
func TestRate(t *testing.T){
 for p:=zab.Bug2845; p<=zab.Bug2355; p++ { n:=0; first:=0
  playAll(1,400,Options{Planted:p}, func(r Report){ if r.Violation!=nil {n++; if first==0||int(r.Seed)<first {first=int(r.Seed)}}})
  fmt.Println(p,n,"of 400, first",first) }
}
